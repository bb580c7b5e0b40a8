// How much may happen in one search, and one step of it.
#ifndef TESTS_SMALL_SCOPE_SCOPE_H_
#define TESTS_SMALL_SCOPE_SCOPE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringjournal::small_scope {

// Bounds of a search. Within them every order of steps is tried.
struct Scope {
  uint32_t nodes = 3;
  uint32_t entries = 2;   // appends of the client
  uint32_t crashes = 2;   // of processes, with their memory or without
  uint32_t changes = 2;   // of the document by compare-and-swap, beyond the start
  uint32_t unknowns = 1;  // changes whose outcome their node is not told
  uint32_t opens = 0;     // times that the client goes to another leader
  uint32_t min_isr = 1;
  // What was sent over one connection arrives together; else one message after the other.
  bool bursts = false;
  // Of the ways between two nodes and from the config store to a node, how many may hold back what
  // is on them at a time. What is on the others arrives before anything else happens, in a fixed
  // order. kEveryOrder: all may.
  static constexpr uint32_t kEveryOrder = UINT32_MAX;
  uint32_t slow = kEveryOrder;
  uint32_t delays = UINT32_MAX;  // how many times a way may begin to, on one path
  int mutant = 0;                // of journal/base/mutants.h, once the world has begun; 0: none
  bool memory_loss = true;       // a crash may take the ring with it
};

// One thing that happens. `a` and `b` say to whom: see World::Describe.
struct Choice {
  enum class Kind : uint8_t {
    kDeliver,   // node a gets the next of what its connection b brings
    kPass,      // time passes on node a; if it leads, it hears all but node b
    kPassLong,  // longer than all waits, on a node that knows of no leader
    kExecute,   // the config store carries out the change that node a has asked for
    kAnswer,    // node a is told that it was carried out
    kUnknown,   // node a is told that nobody knows
    kLate,      // request b, whose node does not wait any more, is carried out
    kLearn,     // node a reads the document
    kAppend,    // the client appends
    kOpen,      // the client goes to node a
    kCrash,     // the process of node a ends; b: 1 its memory is lost
    kRestart,   // a new process on node a
    kHold,      // what is on the way from node a to node b waits; from the config store: a is b
  } kind = Kind::kDeliver;
  uint8_t a = 0;
  uint8_t b = 0;
  friend bool operator==(const Choice&, const Choice&) = default;
};

// "D12" and the like, separated by dots. nullopt: it is no path.
std::string PathText(const std::vector<Choice>& path);
std::optional<std::vector<Choice>> ParsePath(std::string_view text);

}  // namespace ringjournal::small_scope

#endif  // TESTS_SMALL_SCOPE_SCOPE_H_
