// Copies inputs into a folder under the names of their verdicts: "torn-tail--1.bin".
//
//   write_corpus FOLDER            the target's seeds
//   write_corpus FOLDER FILE...    of the files, those whose verdict the folder does not have yet
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "tests/fuzz/target.h"

namespace {

namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::set<std::string> VerdictsIn(const fs::path& folder) {
  std::set<std::string> verdicts;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    verdicts.insert(name.substr(0, name.find("--")));
  }
  return verdicts;
}

void Write(const fs::path& folder, const std::string& input) {
  const std::string slug =
      ringjournal::fuzz::Slug(ringjournal::fuzz::Decode(ringjournal::AsBytes(input)));
  for (int number = 1;; ++number) {
    const fs::path path = folder / (slug + "--" + std::to_string(number) + ".bin");
    if (!fs::exists(path)) {
      std::ofstream(path, std::ios::binary) << input;
      std::cout << path.string() << "\n";
      return;
    }
    if (ReadFile(path) == input) return;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: write_corpus FOLDER [FILE...]\n";
    return 2;
  }
  const fs::path folder = argv[1];
  fs::create_directories(folder);
  if (argc == 2) {
    for (const std::string& seed : ringjournal::fuzz::Seeds()) Write(folder, seed);
    return 0;
  }
  std::set<std::string> known = VerdictsIn(folder);
  for (int i = 2; i < argc; ++i) {
    const std::string input = ReadFile(argv[i]);
    const std::string slug =
        ringjournal::fuzz::Slug(ringjournal::fuzz::Decode(ringjournal::AsBytes(input)));
    if (known.insert(slug).second) Write(folder, input);
  }
  return 0;
}
