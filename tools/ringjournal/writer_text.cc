#include "tools/ringjournal/writer_text.h"

#include "absl/strings/str_cat.h"
#include "tools/ringjournal/json.h"
#include "tools/ringjournal/output.h"
#include "tools/ringjournal/parse.h"

namespace ringjournal::cli {

std::string HolderText(const client::WriterInfo& writer) {
  return absl::StrCat("\"", writer.claimant, "\", writer epoch ", EpochPairText(writer.epoch),
                      ", since ", FormatTime(writer.since_ns));
}

std::string HolderJsonFields(const client::WriterInfo& writer) {
  if (writer.epoch == Epoch()) return "";
  return absl::StrCat("\"writerEpoch\": \"", EpochPairText(writer.epoch),
                      "\", \"claimant\": ", JsonString(writer.claimant), ", \"since\": \"",
                      FormatTime(writer.since_ns), "\", \"nextLsn\": \"", writer.next_lsn.value(),
                      "\", \"endedByLoss\": ", writer.ended_by_loss ? "true" : "false");
}

}  // namespace ringjournal::cli
