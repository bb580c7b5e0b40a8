#include "tools/ringjournal/input.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "journal/base/bytes.h"

namespace ringjournal::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Feeds `input` in pieces of `piece` bytes; the payloads, and the error if there is one.
std::vector<std::string> Split(InputFormat format, const std::string& input, size_t piece,
                               absl::Status* error = nullptr) {
  InputSplitter splitter(format);
  std::vector<std::string> payloads;
  std::string_view payload;
  auto drain = [&] {
    for (;;) {
      absl::StatusOr<bool> got = splitter.Next(&payload);
      if (!got.ok() && error != nullptr) *error = got.status();
      if (!got.ok() || !*got) return got.ok();
      payloads.emplace_back(payload);
    }
  };
  for (size_t i = 0; i < input.size(); i += piece) {
    splitter.Feed(std::string_view(input).substr(i, piece));
    if (!drain()) return payloads;
  }
  splitter.Finish();
  splitter.Feed("");
  drain();
  return payloads;
}

std::string Delimited(const std::vector<std::string>& payloads) {
  std::string out;
  for (const std::string& payload : payloads) {
    std::byte length[10];
    std::byte* end = WriteVarint(length, payload.size());
    out += AsView({length, static_cast<size_t>(end - length)});
    out += payload;
  }
  return out;
}

TEST(InputSplitter, AnySplitGivesTheSameLines) {
  for (size_t piece = 1; piece < 12; ++piece) {
    EXPECT_THAT(Split(InputFormat::kLines, "a\n\nbc\r\nlast", piece),
                ElementsAre("a", "", "bc\r", "last"));
    EXPECT_THAT(Split(InputFormat::kLines, "a\nb\n", piece), ElementsAre("a", "b"));
  }
}

TEST(InputSplitter, AnySplitGivesTheSameDelimitedPayloads) {
  std::vector<std::string> wanted = {"", "x", std::string(300, 'y'), "\n"};
  std::string input = Delimited(wanted);
  for (size_t piece = 1; piece < 20; ++piece) {
    EXPECT_EQ(Split(InputFormat::kDelimited, input, piece), wanted);
  }
}

TEST(InputSplitter, EveryCutOfADelimitedInputIsAnErrorUnlessItIsBetweenPayloads) {
  std::string input = Delimited({"abc", "de"});
  for (size_t size = 0; size <= input.size(); ++size) {
    absl::Status error;
    Split(InputFormat::kDelimited, input.substr(0, size), 3, &error);
    bool whole = size == 0 || size == 4 || size == 7;
    EXPECT_EQ(error.ok(), whole) << size << error;
  }
}

TEST(InputSplitter, TextFedAsDelimitedIsRefusedWithAHint) {
  absl::Status error;
  Split(InputFormat::kDelimited, std::string(20, '\xff'), 20, &error);
  EXPECT_THAT(std::string(error.message()), HasSubstr("check --format"));
}

TEST(InputSplitter, RawIsOnePayloadAndEmptyInputIsOneEmptyPayload) {
  EXPECT_THAT(Split(InputFormat::kRaw, "a\nb\n", 2), ElementsAre("a\nb\n"));
  EXPECT_THAT(Split(InputFormat::kRaw, "", 2), ElementsAre(""));
  EXPECT_THAT(Split(InputFormat::kLines, "", 2), IsEmpty());
}

TEST(InputSplitter, ALineOverTheLimitIsRefusedBeforeItIsAllInMemory) {
  absl::Status error;
  std::string input = "ok\n" + std::string(kPayloadBytesMax + 1, 'x');
  EXPECT_THAT(Split(InputFormat::kLines, input, 65536, &error), ElementsAre("ok"));
  EXPECT_THAT(std::string(error.message()), HasSubstr("at byte 3"));
}

}  // namespace
}  // namespace ringjournal::cli
