// Makes checksums and chains of changed bytes right again, so that fuzzing gets behind them.
#ifndef TESTS_FUZZ_MEND_H_
#define TESTS_FUZZ_MEND_H_

#include <cstdint>
#include <string>

namespace ringjournal::fuzz {

// The record at `offset`, as far as there is one: body CRC, chain behind *chain, header CRC.
// Returns its length and moves *chain; 0 if no record lies there whole.
size_t MendRecord(std::string* bytes, size_t offset, uint64_t* chain);

// Records one behind the other from the front on.
void MendRun(std::string* bytes);

// A segment file: description, group headers, records.
void MendSegment(std::string* bytes);

}  // namespace ringjournal::fuzz

#endif  // TESTS_FUZZ_MEND_H_
