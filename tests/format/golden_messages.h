// What stands in journals, snapshots and files beside transactions, as today's code writes it.
#ifndef TESTS_FORMAT_GOLDEN_MESSAGES_H_
#define TESTS_FORMAT_GOLDEN_MESSAGES_H_

#include <set>
#include <string>

namespace ringjournal {

// A line "name hex" for each.
std::string BuildGoldenMessages();
// A line "name number type" for each field and each value of an enum that is stored or sent.
std::set<std::string> FieldsOfToday();

}  // namespace ringjournal

#endif  // TESTS_FORMAT_GOLDEN_MESSAGES_H_
