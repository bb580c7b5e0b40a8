// What `ringjournal producer` prints.
#ifndef TOOLS_RINGJOURNAL_PRODUCER_TEXT_H_
#define TOOLS_RINGJOURNAL_PRODUCER_TEXT_H_

#include <string>
#include <vector>

#include "client/journal_info.h"

namespace ringjournal::cli {

// For people: a line each below a headline; "" for none. What a terminal would obey is escaped.
std::string ProducerTable(const std::vector<client::ProducerInfo>& producers);
std::string ProducerText(const client::ProducerInfo& producer);
// For programs, 64-bit numbers as strings.
std::string ProducersJson(const std::string& journal,
                          const std::vector<client::ProducerInfo>& producers);
std::string ProducerJson(const client::ProducerInfo& producer);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_PRODUCER_TEXT_H_
