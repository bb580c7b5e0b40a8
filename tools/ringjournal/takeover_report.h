// What `ringjournal takeover` says, as JSON and as variables of a command's environment.
#ifndef TOOLS_RINGJOURNAL_TAKEOVER_REPORT_H_
#define TOOLS_RINGJOURNAL_TAKEOVER_REPORT_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "client/takeover/report.h"

namespace ringjournal::cli {

// One line with a newline; 64-bit integers are strings. `transactions`: read and verified.
std::string TakeoverJson(const client::TakeoverReport& report, uint64_t transactions);

// RINGJOURNAL_JOURNAL, _SERVER, _WRITER ("1.3"), _FINAL_LSN, _ACTED_LSN, _VERDICT.
std::vector<std::pair<std::string, std::string>> TakeoverVariables(
    const client::TakeoverReport& report, const std::string& server);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_TAKEOVER_REPORT_H_
