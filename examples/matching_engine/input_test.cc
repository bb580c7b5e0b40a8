// What each life of a process reads from its beginning.
#include "examples/matching_engine/input.h"

#include <gtest/gtest.h>

#include <sstream>

namespace ringjournal::matching {
namespace {

constexpr char kThreeLines[] =
    "1.0,1,11,10,100,1\n"
    "2.0,1,12,10,100,1\n"
    "3.0,1,13,10,100,1\n";

uint64_t NextOrderId(Input* input) {
  auto command = input->Next();
  EXPECT_TRUE(command.ok()) << command.status();
  return command->has_value() ? (*command)->new_order().order_id() : 0;
}

TEST(Input, StdinBeginsAtItsFirstLineInEachLife) {
  std::istringstream in(kThreeLines);
  KeptLines lines(&in);
  auto first = OpenLobster("-", &lines);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(NextOrderId(first->get()), 11u);
  EXPECT_EQ(NextOrderId(first->get()), 12u);
  auto second = OpenLobster("-", &lines);
  ASSERT_TRUE(second.ok());
  for (uint64_t id : {11, 12, 13, 0, 0}) EXPECT_EQ(NextOrderId(second->get()), id);
  EXPECT_EQ((*OpenLobster("-", &lines))->Next().value()->input_number(), 1u);
}

TEST(Input, AFileThatIsMissingIsNamed) {
  KeptLines lines(nullptr);
  const auto input = OpenLobster("/no/such/file", &lines);
  EXPECT_TRUE(absl::IsNotFound(input.status())) << input.status();
}

}  // namespace
}  // namespace ringjournal::matching
