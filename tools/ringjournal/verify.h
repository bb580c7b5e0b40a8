// ringjournal verify: are these files whole? Works without a server.
#ifndef TOOLS_RINGJOURNAL_VERIFY_H_
#define TOOLS_RINGJOURNAL_VERIFY_H_

#include <ostream>
#include <string>
#include <vector>

#include "tools/ringjournal/verify_files.h"

namespace ringjournal::cli {

struct VerifyOptions {
  std::vector<std::string> paths;
  bool as_json = false;
};

// Prints what was found to `out`, and what could not be read to `err`. Returns kExitOk if every
// file is fine, a killed server's torn tails included; kExitDamaged if synced bytes are wrong or
// missing; kExitFailure if something could not be read, or nothing was found to verify.
int RunVerify(const VerifyOptions& options, std::ostream& out, std::ostream& err);

// The path of a server's file names its journal: then it need not be said again.
bool NamesJournal(const std::string& path, const std::string& journal);

// A finding as a sentence that begins with its verdict, once.
std::string VerdictText(const std::string& verdict, const std::string& sentence);

// For people and as one line of JSON (64-bit integers as strings).
std::string VerifyText(const VerifyReport& report);
std::string VerifyJson(const VerifyReport& report);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_VERIFY_H_
