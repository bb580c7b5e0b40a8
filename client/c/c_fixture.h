// For tests: the handles of the C interface on a fake journal.
#ifndef CLIENT_C_C_FIXTURE_H_
#define CLIENT_C_C_FIXTURE_H_

#include <cstdint>
#include <string>

#include "client/c/ringjournal.h"
#include "client/testing/fake_journal.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::client {

inline constexpr int64_t kSecond = 1'000'000'000;

// A struct as a caller makes it.
template <class T>
T Init() {
  T made = {};
  made.struct_size = sizeof made;
  return made;
}

class CFixture : public ::testing::Test {
 protected:
  CFixture() : fake_("orders"), error_(Init<rj_error>()) {
    EXPECT_EQ(rj_client_open(fake_.address().c_str(), nullptr, &client_, &error_), RJ_OK);
    EXPECT_EQ(rj_journal_open(client_, "orders", &journal_, &error_), RJ_OK);
  }
  ~CFixture() override {
    rj_journal_close(journal_);
    rj_client_close(client_);
  }

  rj_writer* OpenWriter(rj_writer_options options = Init<rj_writer_options>()) {
    if (options.producer == nullptr) options.producer = "p";
    rj_writer* writer = nullptr;
    EXPECT_EQ(rj_writer_open(journal_, &options, &writer, &error_), RJ_OK) << error_.message;
    return writer;
  }

  rj_code Append(rj_writer* writer, const std::string& payload, rj_outcome* outcome) {
    return rj_writer_append(writer, payload.data(), payload.size(), nullptr, RJ_TIMEOUT_DEFAULT,
                            outcome, &error_);
  }

  void ExpectInvalid(rj_code code, const std::string& argument) {
    EXPECT_EQ(code, RJ_INVALID_ARGUMENT) << argument;
    EXPECT_EQ(error_.code, RJ_INVALID_ARGUMENT);
    EXPECT_THAT(error_.message, ::testing::HasSubstr("argument " + argument + ":"));
  }
  rj_error* e() { return &error_; }

  FakeJournal fake_;
  rj_error error_;
  rj_client* client_ = nullptr;
  rj_journal* journal_ = nullptr;
};

}  // namespace ringjournal::client

#endif  // CLIENT_C_C_FIXTURE_H_
