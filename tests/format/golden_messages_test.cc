// The formats are frozen: bytes of every message that is kept, and the number and type of every
// field that anybody may have sent or stored.
#include "tests/format/golden_messages.h"

#include <fstream>
#include <set>
#include <sstream>

#include "gtest/gtest.h"

namespace ringjournal {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path << " is missing";
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

TEST(GoldenMessages, AreStillWrittenByteForByte) {
  EXPECT_EQ(BuildGoldenMessages(), ReadFile("tests/format/golden/messages_v1.txt"))
      << "what is kept has changed: that needs a new layout version, a decision record, golden "
         "files";
}

// New ones are added to the file, and none is ever taken away or changed.
TEST(FrozenFields, KeepTheirNumbersAndTypes) {
  const std::set<std::string> today = FieldsOfToday();
  std::set<std::string> frozen;
  std::istringstream file(ReadFile("tests/format/golden/fields_v1.txt"));
  for (std::string line; std::getline(file, line);) frozen.insert(line);
  for (const std::string& line : frozen) {
    EXPECT_TRUE(today.contains(line))
        << "gone or changed, which old data and peers do not know: " << line;
  }
  for (const std::string& line : today) {
    EXPECT_TRUE(frozen.contains(line)) << "new: add it to golden/fields_v1.txt, for ever: " << line;
  }
}

}  // namespace
}  // namespace ringjournal
