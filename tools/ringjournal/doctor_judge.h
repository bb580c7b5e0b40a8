// The judgement of `ringjournal doctor`. Pure.
#ifndef TOOLS_RINGJOURNAL_DOCTOR_JUDGE_H_
#define TOOLS_RINGJOURNAL_DOCTOR_JUDGE_H_

#include <string>
#include <vector>

#include "server/config/finding.h"
#include "server/config/options.h"
#include "tools/ringjournal/doctor_facts.h"

namespace ringjournal::cli {

// A finding for each thing looked at: kernel, io_uring and its features, limits, memory, the disk's
// sync, the port.
std::vector<Finding> JudgeMachine(const ServerOptions& options, const DoctorFacts& facts);

// {"findings":[{"severity":"PASS","check":…,"sentence":…,"mend":…}],"worst":"WARN"} and a newline.
std::string FindingsJson(const std::vector<Finding>& findings);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_DOCTOR_JUDGE_H_
