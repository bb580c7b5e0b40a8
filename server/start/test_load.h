// A small language for tests of loading a replica.
#ifndef SERVER_START_TEST_LOAD_H_
#define SERVER_START_TEST_LOAD_H_

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/start/test_node.h"

namespace ringjournal {

inline std::set<std::string> FileNames(const TestNode& n) {
  std::set<std::string> names;
  for (const auto& [name, bytes] : n.disk.files) names.insert(name);
  return names;
}

inline uint64_t ChainAt(const Replica& replica, Index index) {
  return replica.ring().Record(*replica.ring().Find(index)).header.chain;
}

// Each append of TestNode opens its producer first, so it makes two entries.
inline void AppendUntil(TestNode* n, Index last) {
  while (n->replica()->marks().end.index < last) n->Append(100);
  RJ_CHECK(n->replica()->marks().end.index == last);
}

// A leader with so many entries, its epoch start included: an odd number.
inline void Lead(TestNode* n, uint64_t entries) {
  RJ_CHECK(n->Start().ok());
  AppendUntil(n, Index(entries));
}

// What a loaded replica must be whatever it was made of.
inline void ExpectQuiet(TestNode* n) {
  EXPECT_FALSE(n->replica()->leads());
  EXPECT_EQ(n->replica()->marks().committed.index, Index(0)) << "nobody has said so yet";
  n->Batch();
  EXPECT_EQ(n->replica()->marks().committed.index, Index(0));
  EXPECT_EQ(n->replica()->options().epoch.epoch, n->config().epoch());
  EXPECT_EQ(n->replica()->options().epoch.generation, n->config().generation());
}

}  // namespace ringjournal

#endif  // SERVER_START_TEST_LOAD_H_
