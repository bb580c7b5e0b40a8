// A small ring as its file holds it, and the way back.
#ifndef TESTS_FORMAT_GOLDEN_RING_H_
#define TESTS_FORMAT_GOLDEN_RING_H_

#include <string>

namespace ringjournal {

// What a process that was killed would leave: a ring that was truncated once, with both snapshots.
// A line for each piece: its name, its offset in the file, its bytes as hex; between them are
// zeros.
std::string BuildGoldenRing();

// The file of such lines, `bytes` long. Empty if they cannot be read.
std::string RingFileOf(const std::string& lines, size_t bytes);

}  // namespace ringjournal

#endif  // TESTS_FORMAT_GOLDEN_RING_H_
