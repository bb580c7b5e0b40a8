// Is a state snapshot from another node one that a replica can go on from?
#ifndef JOURNAL_NODE_SNAPSHOT_CHECK_H_
#define JOURNAL_NODE_SNAPSHOT_CHECK_H_

#include <cstdint>
#include <string>

#include "proto/entry.pb.h"

namespace ringjournal {

// Empty, or what is wrong with it. What passes is safe to read and to append to; whether it is the
// journal's true state, only its sender knows.
std::string WrongWithSnapshot(const v1::StateSnapshot& state, uint32_t producers_max);

}  // namespace ringjournal

#endif  // JOURNAL_NODE_SNAPSHOT_CHECK_H_
