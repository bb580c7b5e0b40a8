// For tests: a fake journal and a Writer on it.
#ifndef CLIENT_WRITER_FIXTURE_H_
#define CLIENT_WRITER_FIXTURE_H_

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "client/client.h"
#include "client/testing/fake_journal.h"
#include "client/testing/wait.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::client {

inline constexpr std::chrono::seconds kLong{30};
inline constexpr std::chrono::milliseconds kShort{30};

class WriterFixture : public ::testing::Test {
 protected:
  WriterFixture() : fake_("orders") {}

  client::Journal Orders() const {
    return (*Client::Open(fake_.client_options()))->Journal("orders");
  }

  std::unique_ptr<Writer> OpenWriter(WriterOptions options = {}) {
    if (options.producer.empty()) options.producer = "p";
    auto writer = Orders().OpenWriter(options);
    EXPECT_TRUE(writer.ok()) << writer.status();
    return *std::move(writer);
  }

  FakeJournal fake_;
};

}  // namespace ringjournal::client

#endif  // CLIENT_WRITER_FIXTURE_H_
