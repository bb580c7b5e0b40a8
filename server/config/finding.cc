#include "server/config/finding.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace ringjournal {

const char* SeverityText(Severity severity) {
  switch (severity) {
    case Severity::kPass:
      return "PASS";
    case Severity::kWarn:
      return "WARN";
    case Severity::kFail:
      break;
  }
  return "FAIL";
}

Severity WorstOf(std::span<const Finding> findings) {
  Severity worst = Severity::kPass;
  for (const Finding& finding : findings) worst = std::max(worst, finding.severity);
  return worst;
}

std::string FindingsText(std::span<const Finding> findings) {
  std::string out;
  for (const Finding& f : findings) {
    out += absl::StrFormat("%s  %-14s %s\n", SeverityText(f.severity), f.check, f.sentence);
    if (!f.mend.empty()) out += absl::StrFormat("%21smend: %s\n", "", f.mend);
  }
  return out;
}

}  // namespace ringjournal
