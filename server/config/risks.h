// What a valid configuration risks on this machine.
#ifndef SERVER_CONFIG_RISKS_H_
#define SERVER_CONFIG_RISKS_H_

#include <string>
#include <vector>

#include "server/config/finding.h"
#include "server/config/machine_facts.h"
#include "server/config/options.h"

namespace ringjournal {

// A finding for each thing that was looked at. FAIL: the start would be refused, or what runs
// could not do its work. Pure.
std::vector<Finding> FindRisks(const ServerOptions& options, const MachineFacts& facts);

// The findings on one directory's shared memory; `doctor` has them too.
Finding JudgeRingPlace(const std::string& ring_dir, uint64_t ring_bytes_total_max,
                       const PlaceFacts& place);

}  // namespace ringjournal

#endif  // SERVER_CONFIG_RISKS_H_
