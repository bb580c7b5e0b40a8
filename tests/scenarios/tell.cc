// Plays golden stories: says what differs, or with --rewrite writes what happens now into them.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "tests/scenarios/story.h"

namespace ringjournal::scenarios {
namespace {

bool ReadWhole(const std::string& path, std::string* text) {
  std::ifstream file(path, std::ios::binary);
  text->assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  return file.good() || file.eof();
}

// False: the story fails, or differs and was not to be rewritten.
bool TellOne(const std::string& path, bool rewrite, bool trace) {
  std::string golden;
  if (!ReadWhole(path, &golden)) {
    std::fprintf(stderr, "%s cannot be read; name a story's file\n", path.c_str());
    return false;
  }
  const Telling telling = Play(golden, trace);
  for (const std::string& line : telling.trace) std::printf("%s\n", line.c_str());
  if (!telling.failure.empty()) {
    std::printf("not ok - %s: %s\n%s", path.c_str(), telling.failure.c_str(), telling.text.c_str());
    return false;
  }
  const std::string difference = FirstDifference(golden, telling.text);
  if (rewrite && !difference.empty()) {
    std::ofstream(path, std::ios::binary) << telling.text;
    std::printf("rewritten: %s: look at the diff\n", path.c_str());
    return true;
  }
  std::printf("%s - %s\n", difference.empty() ? "ok" : "not ok", path.c_str());
  if (!difference.empty()) std::printf("%s\n", difference.c_str());
  return difference.empty();
}

int Main(int argc, char** argv) {
  CLI::App app{"Plays golden stories and compares what happens with what they say."};
  std::vector<std::string> paths;
  bool rewrite = false, trace = false;
  app.add_option("FILE", paths, "stories")->required();
  app.add_flag("--rewrite", rewrite, "write what happens now into them");
  app.add_flag("--trace", trace, "print the whole trace of the simulation");
  CLI11_PARSE(app, argc, argv);
  bool good = true;
  for (const std::string& path : paths) good = TellOne(path, rewrite, trace) && good;
  return good ? 0 : 1;
}

}  // namespace
}  // namespace ringjournal::scenarios

int main(int argc, char** argv) { return ringjournal::scenarios::Main(argc, argv); }
