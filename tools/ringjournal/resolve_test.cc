// `ringjournal resolve --settle`, whose answer gets lost.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/client.h"
#include "client/testing/fake_journal.h"

namespace ringjournal::cli {
namespace {

// What the command says on stdout and stderr.
std::string Resolve(const client::FakeJournal& fake, const std::string& more) {
  const std::string command = absl::StrCat("tools/ringjournal/ringjournal --server ",
                                           fake.address(), " resolve fake --producer p", more);
  FILE* out = popen(absl::StrCat(command, " 2>&1").c_str(), "r");
  std::string said;
  std::array<char, 256> part;
  while (fgets(part.data(), part.size(), out) != nullptr) said += part.data();
  pclose(out);
  return said;
}

class ResolveTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto client = client::Client::Open(fake_.client_options());
    ASSERT_TRUE((*client)->Journal("fake").OpenWriter({.producer = "p"}).ok());
    fake_.LoseAnswerOfRequests();
  }
  client::FakeJournal fake_;
};

TEST_F(ResolveTest, AQuestionChangesNothing) {
  const std::string said = Resolve(fake_, " --sequence 1");
  EXPECT_EQ(said.find("OUTCOME_UNKNOWN"), std::string::npos) << said;
}

// The second time it could end a session that was opened since.
TEST_F(ResolveTest, SettlingIsNotRepeated) {
  const uint64_t before = fake_.counts().requests;
  const std::string said = Resolve(fake_, " --sequence 1 --settle");
  EXPECT_NE(said.find("OUTCOME_UNKNOWN"), std::string::npos) << said;
  EXPECT_EQ(fake_.counts().requests, before + 1) << said;
}

}  // namespace
}  // namespace ringjournal::cli
