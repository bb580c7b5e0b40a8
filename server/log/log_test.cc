#include "server/log/log.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "journal/base/check.h"
#include "journal/base/limits.h"
#include "server/log/format.h"

namespace ringjournal {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::SizeIs;

// A log whose standard error is a pipe.
class LogToPipe : public ::testing::Test {
 protected:
  LogToPipe() { RJ_CHECK(pipe2(fds_, O_CLOEXEC) == 0); }
  ~LogToPipe() override {
    ShutdownLog();
    for (int fd : fds_) close(fd);
  }
  void Init(LogLevel level = LogLevel::kInfo) { InitLog({.level = level, .fd = fds_[1]}); }
  // The lines that are in the pipe now.
  std::vector<std::string> Lines() {
    std::string text;
    pollfd readable = {.fd = fds_[0], .events = POLLIN, .revents = 0};
    char buffer[65536];
    while (poll(&readable, 1, 0) == 1) {
      const ssize_t n = read(fds_[0], buffer, sizeof buffer);
      RJ_CHECK(n > 0);
      text.append(buffer, static_cast<size_t>(n));
    }
    std::vector<std::string> lines;
    for (size_t from = 0, end; (end = text.find('\n', from)) != std::string::npos; from = end + 1) {
      lines.push_back(text.substr(from, end - from));
    }
    return lines;
  }
  int fds_[2];
};

TEST(FormatEvent, WritesEachKindOfValue) {
  EXPECT_EQ(FormatEvent(LogLevel::kInfo, "started", {}), "level=info event=started");
  EXPECT_EQ(FormatEvent(LogLevel::kWarn, "e",
                        {{"text", "plain"},
                         {"string", std::string("s")},
                         {"yes", true},
                         {"ratio", 0.5},
                         {"negative", -3},
                         {"large", ~uint64_t{0}},
                         {"small", uint16_t{7}}}),
            "level=warn event=e text=plain string=s yes=true ratio=0.5 negative=-3 "
            "large=18446744073709551615 small=7");
}

TEST(FormatEvent, WhatAPeerSentCannotBreakTheLine) {
  const auto value = [](std::string_view text) {
    const std::string line = FormatEvent(LogLevel::kInfo, "e", {{"v", text}});
    return line.substr(std::string("level=info event=e v=").size());
  };
  EXPECT_EQ(value(""), R"("")");
  EXPECT_EQ(value("two words"), R"("two words")");
  EXPECT_EQ(value("a=b"), R"("a=b")");
  EXPECT_EQ(value("say \"hi\"\\"), R"("say \"hi\"\\")");
  EXPECT_EQ(value("x\nlevel=error"), R"("x\nlevel=error")");
  EXPECT_EQ(value(std::string_view("\0\x1b[31m\x7f", 7)), R"("\x00\x1b[31m\x7f")");
  EXPECT_EQ(value("\xff\xfe"), R"("\xff\xfe")");
  EXPECT_EQ(value("\xc3\xa4"), "\xc3\xa4");
}

TEST(LogLevels, HaveNames) {
  LogLevel level = LogLevel::kInfo;
  for (LogLevel each :
       {LogLevel::kTrace, LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
    EXPECT_TRUE(ParseLogLevel(LogLevelText(each), &level));
    EXPECT_EQ(level, each);
    EXPECT_THAT(kLogLevelNames, HasSubstr(LogLevelText(each)));
  }
  EXPECT_FALSE(ParseLogLevel("loud", &level));
  EXPECT_EQ(level, LogLevel::kError);
}

TEST_F(LogToPipe, ALineCarriesTimeLevelEventAndFieldsInOrder) {
  Init();
  LogEvent(LogLevel::kInfo, "session_opened", {{"session", 17}, {"journal", "orders"}});
  LogEvent(LogLevel::kError, "disk_failed");
  ShutdownLog();
  const std::vector<std::string> lines = Lines();
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_THAT(lines[0],
              MatchesRegex("ts=[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z "
                           "level=info event=session_opened session=17 journal=orders"));
  EXPECT_THAT(lines[1], EndsWith("level=error event=disk_failed"));
  EXPECT_EQ(LogLinesDropped(), 0u);
}

TEST_F(LogToPipe, BracesInValuesAreNotAFormat) {
  Init();
  LogEvent(LogLevel::kInfo, "e", {{"v", "{}{0}%s"}});
  ShutdownLog();
  EXPECT_THAT(Lines().at(0), EndsWith("v={}{0}%s"));
}

TEST_F(LogToPipe, LevelsBelowTheChosenOneAreNotWritten) {
  Init(LogLevel::kWarn);
  EXPECT_FALSE(LogEnabled(LogLevel::kInfo));
  EXPECT_TRUE(LogEnabled(LogLevel::kError));
  for (LogLevel level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
    LogEvent(level, "e");
  }
  ShutdownLog();
  EXPECT_THAT(Lines(), SizeIs(2));
}

TEST_F(LogToPipe, ALongLineIsCutAndSaysSo) {
  Init();
  LogEvent(LogLevel::kInfo, "e", {{"v", std::string(100000, 'x')}});
  ShutdownLog();
  const std::string line = Lines().at(0);
  EXPECT_EQ(line.size() + 1, limits::kLogLineBytesMax);
  EXPECT_THAT(line, EndsWith("xx cut=true"));
}

TEST_F(LogToPipe, AReaderThatStopsCostsLinesNotTimeAndTheLossIsCountedAndReported) {
  Init();
  // Nobody reads: the pipe fills, then the queue, then lines are dropped. All of these return.
  const std::string value(1000, 'x');
  const uint64_t lines = 4 * uint64_t{limits::kLogQueueLines};
  for (uint64_t i = 0; i < lines; ++i) LogEvent(LogLevel::kInfo, "flood", {{"v", value}});
  EXPECT_GT(LogLinesDropped(), 0u);
  // The reader comes back; the writer tells what is missing before it goes on.
  uint64_t written = 0, reported = 0;
  pollfd readable = {.fd = fds_[0], .events = POLLIN, .revents = 0};
  while (reported == 0) {
    LogEvent(LogLevel::kInfo, "flood", {{"v", value}});
    ASSERT_EQ(poll(&readable, 1, 10000), 1);
    for (const std::string& line : Lines()) {
      ++written;
      const size_t at = line.find("event=log_lines_dropped lines=");
      if (at != std::string::npos) reported = std::stoull(line.substr(at + 30));
    }
  }
  EXPECT_GT(written, 0u);
  EXPECT_LE(reported, LogLinesDropped());
}

TEST_F(LogToPipe, ShutdownDoesNotWaitForAReaderThatNeverComesBack) {
  Init();
  const std::string value(1000, 'x');
  for (uint64_t i = 0; i < limits::kLogQueueLines; ++i) {
    LogEvent(LogLevel::kInfo, "flood", {{"v", value}});
  }
  ShutdownLog();  // the test's own time limit is the judge
  EXPECT_EQ(LogLinesDropped() + Lines().size(), limits::kLogQueueLines);
}

TEST_F(LogToPipe, AClosedReaderIsSurvived) {
  close(fds_[0]);
  fds_[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_NE(signal(SIGPIPE, SIG_IGN), SIG_ERR);  // as the server does
  Init();
  LogEvent(LogLevel::kInfo, "e");
  ShutdownLog();
  EXPECT_EQ(LogLinesDropped(), 1u);
}

}  // namespace
}  // namespace ringjournal
