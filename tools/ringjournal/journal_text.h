// Journals as text for people.
#ifndef TOOLS_RINGJOURNAL_JOURNAL_TEXT_H_
#define TOOLS_RINGJOURNAL_JOURNAL_TEXT_H_

#include <string>

#include "google/protobuf/repeated_field.h"
#include "proto/client.pb.h"

namespace ringjournal::cli {

// One line a journal, under a heading; a sentence if there is none.
std::string JournalTable(const google::protobuf::RepeatedPtrField<v1::JournalReply>& journals);
// Everything about one, a line each.
std::string DescribeJournal(const v1::JournalReply& journal);
// Who leads it and who holds it, a line each.
std::string DescribeCopies(const v1::JournalReply& journal);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_JOURNAL_TEXT_H_
