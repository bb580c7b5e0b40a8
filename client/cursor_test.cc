#include "client/cursor.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::client {
namespace {

using ::testing::HasSubstr;

Cursor Example() {
  Cursor cursor;
  cursor.journal.bytes.fill(0xab);
  cursor.epoch = {2, 5};
  cursor.index = Index(17);
  cursor.lsn = Lsn(40);
  cursor.chain = 0x00112233445566ff;
  return cursor;
}

TEST(Cursor, IsTextForPeopleAndComesBack) {
  EXPECT_EQ(
      CursorText(Example()),
      "ringjournal cursor 1\njournal=abababababababababababababababab\ngeneration=2\nepoch=5\n"
      "index=17\nlsn=40\nchain=00112233445566ff\n");
  EXPECT_EQ(*ParseCursor(CursorText(Example())), Example());
}

TEST(Cursor, EveryCutAndEveryChangedByteIsRefusedOrAnotherCursor) {
  std::string text = CursorText(Example());
  for (size_t n = 0; n < text.size(); ++n) {
    EXPECT_FALSE(ParseCursor(text.substr(0, n)).ok()) << n;
    std::string changed = text;
    changed[n] ^= 1;
    absl::StatusOr<Cursor> cursor = ParseCursor(changed);
    EXPECT_FALSE(cursor.ok() && *cursor == Example()) << changed;
  }
}

TEST(Cursor, WhatIsWrongNamesTheLine) {
  auto message = [](const std::string& text) {
    return std::string(ParseCursor(text).status().message());
  };
  EXPECT_THAT(message(""), HasSubstr("line 1: expected \"ringjournal cursor 1\""));
  std::string text = CursorText(Example());
  EXPECT_THAT(message(text + "more\n"), HasSubstr("seven lines"));
  text.replace(text.find("lsn=40"), 6, "lsn=-1");
  EXPECT_THAT(message(text), HasSubstr("line 6: expected lsn= and a number"));
}

class CursorFile : public testing::Test {
 protected:
  CursorFile() {
    std::string pattern = testing::TempDir() + "/cursor-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~CursorFile() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST_F(CursorFile, IsReplacedWholeAndReadBack) {
  std::string path = folder_ + "/c";
  EXPECT_TRUE(absl::IsNotFound(LoadCursor(path).status()));
  Cursor cursor = Example();
  for (int i = 0; i < 3; ++i) {
    cursor.lsn = cursor.lsn.next();
    ASSERT_TRUE(SaveCursor(path, cursor).ok());
    EXPECT_EQ(*LoadCursor(path), cursor);
  }
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
}

TEST_F(CursorFile, ThatIsSomethingElseIsRefusedWithItsName) {
  std::string path = folder_ + "/c";
  std::ofstream(path) << std::string(100'000, 'x');
  absl::Status status = LoadCursor(path).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr(path + " is not a cursor"));
}

TEST_F(CursorFile, ThatCannotBeWrittenSaysWhy) {
  absl::Status status = SaveCursor(folder_ + "/no/such/c", Example());
  EXPECT_THAT(std::string(status.message()), HasSubstr("No such file"));
}

}  // namespace
}  // namespace ringjournal::client
