// One line of a check-up: PASS, WARN or FAIL, and what mends it. Shared by `ringjournald
// --check-config` and `ringjournal doctor`.
#ifndef SERVER_CONFIG_FINDING_H_
#define SERVER_CONFIG_FINDING_H_

#include <span>
#include <string>

namespace ringjournal {

enum class Severity { kPass, kWarn, kFail };
// "PASS", "WARN", "FAIL".
const char* SeverityText(Severity severity);

struct Finding {
  Severity severity = Severity::kPass;
  std::string check;     // what was looked at, a word or two: "listen", "io_uring"
  std::string sentence;  // what was found, and for WARN and FAIL what it leads to
  std::string mend;      // the command or setting that mends it; empty for PASS
};

// The worst of them; kPass of none.
Severity WorstOf(std::span<const Finding> findings);

// "WARN  listen      sentence\n                  mend: …\n" for each.
std::string FindingsText(std::span<const Finding> findings);

}  // namespace ringjournal

#endif  // SERVER_CONFIG_FINDING_H_
