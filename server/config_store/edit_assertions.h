// Assertions for tests of edits.
#ifndef SERVER_CONFIG_STORE_EDIT_ASSERTIONS_H_
#define SERVER_CONFIG_STORE_EDIT_ASSERTIONS_H_

#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "server/config_store/document_checks.h"

namespace ringjournal::testing_document {

inline std::string Message(const absl::Status& status) { return std::string(status.message()); }

// The document is valid, and it may follow `before`.
inline void ExpectLegal(const v1::ConfigDocument& before, v1::ConfigDocument after) {
  after.set_version(before.version() + 1);
  EXPECT_EQ(Message(ValidateDocument(after)), "");
  EXPECT_EQ(Message(ValidateChange(before, after)), "");
}

// `edit` fails with `code` and `text`, and leaves the document as it was.
template <class Edit>
void ExpectRefused(v1::ConfigDocument document, absl::StatusCode code, const std::string& text,
                   Edit edit) {
  const v1::ConfigDocument before = document;
  const absl::Status status = edit(&document);
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_THAT(Message(status), ::testing::HasSubstr(text));
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(before, document))
      << document.DebugString();
}

}  // namespace ringjournal::testing_document

#endif  // SERVER_CONFIG_STORE_EDIT_ASSERTIONS_H_
