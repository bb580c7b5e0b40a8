// The blocking client against a server behind a real socket.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "client/appender.h"
#include "client/ask.h"
#include "client/loopback_server.h"
#include "client/reader.h"
#include "client/transport.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ClientTest : public ::testing::TestWithParam<bool> {
 protected:
  ClientOptions Options() {
    ClientOptions options;
    options.server = server_.address();
    options.retry_for_ns = 20'000'000'000;
    options.busy_poll = GetParam();
    return options;
  }
  std::unique_ptr<Appender> OpenAppender() {
    auto appender = Appender::Open(Options(), {.journal = "orders", .producer = "p"});
    EXPECT_TRUE(appender.ok()) << appender.status();
    return *std::move(appender);
  }
  static void Append(Appender* appender, const std::string& payload) {
    TransactionRun run;
    run.Add(payload);
    absl::Status status = appender->Append({.run = run.bytes(), .count = 1});
    ASSERT_TRUE(status.ok()) << status;
  }
  std::vector<std::string> Payloads() {
    std::vector<std::string> payloads;
    server_.With([&](FakeServer& server) { payloads = server.Payloads(); });
    return payloads;
  }
  LoopbackServer server_;
};

INSTANTIATE_TEST_SUITE_P(BlockingAndSpinning, ClientTest, ::testing::Bool());

TEST_P(ClientTest, AppendsAreAnsweredWithReceipts) {
  auto appender = OpenAppender();
  Append(appender.get(), "a");
  Append(appender.get(), "b");
  ASSERT_TRUE(appender->WaitAnswered().ok());
  AppendOutcome outcome;
  ASSERT_TRUE(appender->NextOutcome(&outcome));
  ASSERT_TRUE(appender->NextOutcome(&outcome));
  EXPECT_EQ(outcome.receipt.first_lsn, Lsn(2));
  EXPECT_THAT(Payloads(), ElementsAre("a", "b"));
}

TEST_P(ClientTest, CutConnectionsLoseAndDoubleNothing) {
  server_.cut_every = 7;
  auto appender = OpenAppender();
  std::vector<std::string> wanted;
  AppendOutcome outcome;
  uint64_t applied = 0;
  for (int i = 0; i < 100; ++i) {
    wanted.push_back("t" + std::to_string(i));
    Append(appender.get(), wanted.back());
    if (i % 5 == 4) {
      ASSERT_TRUE(appender->WaitAnswered().ok());
    }
    while (appender->NextOutcome(&outcome)) applied += outcome.fate == Fate::kApplied;
  }
  EXPECT_EQ(applied, 100u);
  EXPECT_EQ(Payloads(), wanted);
  EXPECT_GT(appender->stats().reconnects, 5u);
  EXPECT_GT(appender->stats().duplicates, 0u);
}

TEST_P(ClientTest, ARestartedServerIsFoundAgain) {
  auto appender = OpenAppender();
  Append(appender.get(), "before");
  ASSERT_TRUE(appender->WaitAnswered().ok());
  server_.Stop();
  Append(appender.get(), "during");
  ASSERT_TRUE(appender->Poll(30'000'000).ok());
  server_.Start();
  ASSERT_TRUE(appender->WaitAnswered().ok());
  EXPECT_THAT(Payloads(), ElementsAre("before", "during"));
  EXPECT_EQ(appender->stats().reconnects, 1u);
}

TEST_P(ClientTest, ReadsWhatWasAppendedAndFinishes) {
  server_.With([](FakeServer& server) { server.AddTransactions({"x", "y"}); });
  auto reader = Reader::Open(Options(), {.journal = "orders"});
  ASSERT_TRUE(reader.ok()) << reader.status();
  ReadTransaction t;
  std::vector<std::string> got;
  for (;;) {
    auto step = (*reader)->Next(&t);
    ASSERT_TRUE(step.ok()) << step.status();
    if (*step == ReadStep::kFinished) break;
    got.emplace_back(AsView(t.payload));
  }
  EXPECT_THAT(got, ElementsAre("x", "y"));
  EXPECT_EQ((*reader)->next_lsn(), Lsn(3));
}

TEST_P(ClientTest, AnInterruptEndsTheWaitAndReadingCanGoOn) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  ClientOptions options = Options();
  options.interrupt_fd = fds[0];
  auto reader = Reader::Open(options, {.journal = "orders", .follow = true});
  ASSERT_TRUE(reader.ok()) << reader.status();
  ASSERT_EQ(write(fds[1], "x", 1), 1);
  ReadTransaction t;
  EXPECT_EQ(CodeOf((*reader)->Next(&t).status()), ErrorCode::kStopped);
  char byte;
  ASSERT_EQ(read(fds[0], &byte, 1), 1);
  EXPECT_EQ(*(*reader)->Next(&t, 1'000'000), ReadStep::kNothingYet);
  close(fds[0]);
  close(fds[1]);
}

TEST_P(ClientTest, AskReturnsTheAnswer) {
  v1::ClientMessage request;
  request.mutable_status();
  auto reply = Ask(Options(), request, false);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->status_reply().verdict(), "all is well");
}

TEST_P(ClientTest, NobodyListeningIsSaidAtOnceWithoutPatience) {
  server_.Stop();
  ClientOptions options = Options();
  options.retry_for_ns = 0;
  v1::ClientMessage request;
  request.mutable_status();
  absl::Status status = Ask(options, request, false).status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kCannotConnect);
  EXPECT_THAT(std::string(status.message()), HasSubstr("is ringjournald running"));
}

TEST_P(ClientTest, GivingUpIsAnnouncedOnceAndThenAnError) {
  server_.Stop();
  ClientOptions options = Options();
  options.retry_for_ns = 50'000'000;
  std::vector<std::string> notices;
  options.on_notice = [&](std::string_view text) { notices.emplace_back(text); };
  options.notice_after_ns = 0;
  absl::Status status = Appender::Open(options, {.journal = "orders"}).status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kCannotConnect);
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_THAT(notices[0], HasSubstr("trying again for up to 50ms"));
}

TEST_P(ClientTest, TroubleThatIsSoonOverIsNotTold) {
  server_.Stop();
  ClientOptions options = Options();
  options.retry_for_ns = 50'000'000;
  std::vector<std::string> notices;
  options.on_notice = [&](std::string_view text) { notices.emplace_back(text); };
  EXPECT_FALSE(Appender::Open(options, {.journal = "orders"}).ok());
  EXPECT_THAT(notices, testing::IsEmpty());
}

TEST(Transport, AConnectionToItselfIsRefused) {
  // Bound to the port that it connects to: what chance does now and then.
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  Transport transport;
  transport.Adopt(fd);
  EXPECT_EQ(CodeOf(transport.FinishConnect()), ErrorCode::kCannotConnect);
  EXPECT_TRUE(transport.idle());
}

TEST(Address, TakesHostAndPort) {
  EXPECT_EQ(ParseAddress("localhost:80")->host, "localhost");
  EXPECT_EQ(ParseAddress("[::1]:7411")->host, "::1");
  EXPECT_EQ(ParseAddress("[::1]:7411")->port, "7411");
}

TEST(Address, SaysWhatIsWrong) {
  for (const char* bad : {"", "localhost", ":80", "host:", "host:0", "host:65536", "host:x",
                          "::1:80", "host:99999999999999999999"}) {
    absl::Status status = ParseAddress(bad).status();
    EXPECT_EQ(CodeOf(status), ErrorCode::kBadAddress) << bad;
  }
}

}  // namespace
}  // namespace ringjournal::client
