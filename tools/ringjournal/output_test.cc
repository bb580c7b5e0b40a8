#include "tools/ringjournal/output.h"

#include <unistd.h>

#include <csignal>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "journal/base/bytes.h"
#include "proto/entry.pb.h"
#include "tools/ringjournal/json.h"

namespace ringjournal::cli {
namespace {

std::string Format(const std::string& payload, OutputFormat format) {
  v1::Transaction message;
  message.set_payload(payload);
  message.set_client_time_ns(18446744073709551615u);
  std::string encoded = message.SerializeAsString();
  client::ReadTransaction t{.lsn = Lsn(7),
                            .index = Index(3),
                            .epoch = {2, 5},
                            .log_time_ns = 1'000'000'001,
                            .encoded = AsBytes(encoded),
                            .payload = AsBytes(payload)};
  std::string out;
  FormatTransaction(t, format, &out);
  return out;
}

TEST(Output, LinesAndDelimitedAreThePayloadItself) {
  EXPECT_EQ(Format("abc", OutputFormat::kLines), "abc\n");
  EXPECT_EQ(Format("abc", OutputFormat::kDelimited),
            "\x03"
            "abc");
  EXPECT_EQ(Format(std::string(200, 'x'), OutputFormat::kDelimited),
            "\xc8\x01" + std::string(200, 'x'));
}

std::string OnATerminal(const std::string& payload) {
  v1::Transaction message;
  message.set_payload(payload);
  const std::string encoded = message.SerializeAsString();
  client::ReadTransaction t;
  t.encoded = AsBytes(encoded);
  t.payload = AsBytes(payload);
  OutputSpec spec = OutputFormat::kLines;
  spec.for_terminal = true;
  std::string out;
  FormatTransaction(t, spec, &out);
  return out;
}

TEST(Output, OnATerminalControlsAboveAsciiAndBytesThatAreNoUtf8AreShownToo) {
  EXPECT_EQ(OnATerminal("\xc2\x9bJ"), "\\xc2\\x9bJ\n") << "CSI as one character";
  EXPECT_EQ(OnATerminal("\xc2\x80\xc2\x9f\xc2\xa0"), "\\xc2\\x80\\xc2\\x9f\xc2\xa0\n");
  EXPECT_EQ(OnATerminal("a\x9bJ\xff"), "a\\x9bJ\\xff\n") << "CSI as one byte";
  EXPECT_EQ(OnATerminal("\xe2\x82"), "\\xe2\\x82\n") << "cut off";
  EXPECT_EQ(OnATerminal("\xe2\x82\xac\xf0\x9f\x98\x80\xc3\x9b"),
            "\xe2\x82\xac\xf0\x9f\x98\x80\xc3\x9b\n")
      << "bytes 0x80 to 0x9f inside characters are none";
}

TEST(Output, OnATerminalLinesShowWhatItWouldObey) {
  const std::string payload = "caf\xc3\xa9\t\x1b[31m\r\x7f";
  EXPECT_EQ(Format(payload, OutputFormat::kLines), payload + "\n")
      << "elsewhere it is the payload itself";
  EXPECT_EQ(OnATerminal(payload), "caf\xc3\xa9\t\\x1b[31m\\x0d\\x7f\n");
}

TEST(Output, KeepAliveNoticesThatNobodyReadsThePipe) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  OutputWriter writer(fds[1], OutputFormat::kLines);
  EXPECT_TRUE(writer.KeepAlive().ok());
  close(fds[0]);
  EXPECT_TRUE(absl::IsCancelled(writer.KeepAlive()));
  close(fds[1]);
}

TEST(Output, JsonHas64BitIntegersAsStrings) {
  EXPECT_EQ(Format("abc", OutputFormat::kJson),
            "{\"lsn\":\"7\",\"index\":\"3\",\"generation\":2,\"epoch\":5,"
            "\"logTime\":\"1970-01-01T00:00:01.000000001Z\","
            "\"transaction\":{\"payload\":\"YWJj\",\"clientTimeNs\":\"18446744073709551615\"}}\n");
}

TEST(Output, StringsInJsonAreEscaped) {
  EXPECT_EQ(JsonString("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000a\"");
}

TEST(Output, AClosedPipeIsItsOwnResult) {
  signal(SIGPIPE, SIG_IGN);
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  close(fds[0]);
  OutputWriter writer(fds[1], OutputFormat::kLines);
  ASSERT_TRUE(writer.Write({}).ok()) << "only buffered";
  EXPECT_TRUE(absl::IsCancelled(writer.Flush()));
  close(fds[1]);
}

TEST(Output, WhatWasWrittenComesOutInOrder) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  OutputWriter writer(fds[1], OutputFormat::kLines);
  std::string a = "a", b = "b";
  ASSERT_TRUE(writer.Write({.payload = AsBytes(a)}).ok());
  ASSERT_TRUE(writer.Write({.payload = AsBytes(b)}).ok());
  ASSERT_TRUE(writer.Flush().ok());
  char buffer[16];
  ASSERT_EQ(read(fds[0], buffer, sizeof buffer), 4);
  EXPECT_EQ(std::string(buffer, 4), "a\nb\n");
  close(fds[0]);
  close(fds[1]);
}

}  // namespace
}  // namespace ringjournal::cli
