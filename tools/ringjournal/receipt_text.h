// What `receipt check` has found, for people and for programs.
#ifndef TOOLS_RINGJOURNAL_RECEIPT_TEXT_H_
#define TOOLS_RINGJOURNAL_RECEIPT_TEXT_H_

#include <string>

#include "client/cursor.h"
#include "client/journal.h"

namespace ringjournal::cli {

// One line with a newline, both.
std::string ReceiptText(const std::string& journal, const client::Cursor& receipt,
                        const client::ReceiptCheck& check);
std::string ReceiptJson(const std::string& journal, const client::Cursor& receipt,
                        const client::ReceiptCheck& check);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_RECEIPT_TEXT_H_
