// The committed corpus as a unit test: each file must give the verdict that its name says.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "gtest/gtest.h"
#include "tests/fuzz/target.h"

namespace ringjournal::fuzz {
namespace {

// The inputs by file name. RINGJOURNAL_CORPUS is set by the build rule.
std::map<std::string, std::string> Corpus() {
  std::map<std::string, std::string> inputs;
  for (const auto& entry : std::filesystem::directory_iterator(RINGJOURNAL_CORPUS)) {
    std::ifstream file(entry.path(), std::ios::binary);
    inputs[entry.path().filename().string()] = {std::istreambuf_iterator<char>(file), {}};
  }
  return inputs;
}

TEST(Corpus, EachFileGetsTheVerdictOfItsName) {
  for (const auto& [name, input] : Corpus()) {
    EXPECT_EQ(Slug(Decode(AsBytes(input))), name.substr(0, name.find("--"))) << name;
  }
}

TEST(Corpus, HasMoreThanOneVerdict) {
  std::map<std::string, int> verdicts;
  for (const auto& [name, input] : Corpus()) ++verdicts[name.substr(0, name.find("--"))];
  EXPECT_GE(verdicts.size(), 2u) << "the decoder accepts all, or refuses all";
}

TEST(Corpus, EverySeedCutAtEachOfItsFirstAndLastLengthsHasAVerdict) {
  for (const std::string& seed : Seeds()) {
    for (size_t n = 0; n <= seed.size();
         n = n == 64 && seed.size() > 128 ? seed.size() - 64 : n + 1) {
      EXPECT_NE(Decode(AsBytes(seed).first(n)), "");
    }
  }
}

}  // namespace
}  // namespace ringjournal::fuzz
