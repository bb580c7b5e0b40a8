#include "tools/ringjournal/producer_text.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/ringjournal/json.h"

namespace ringjournal::cli {
namespace {

const char* SessionText(const client::ProducerInfo& p) { return p.open ? "open" : "none"; }

std::string LastText(const client::ProducerInfo& p) {
  if (p.last_sequence == Sequence(0)) return "none: it has appended nothing yet";
  return absl::StrFormat("%d, at LSN %d (index %d)", p.last_sequence.value(), p.last_lsn.value(),
                         p.last_index.value());
}

}  // namespace

std::string ProducerTable(const std::vector<client::ProducerInfo>& producers) {
  if (producers.empty()) return "";
  std::vector<std::string> names;
  int width = 8;
  for (const client::ProducerInfo& p : producers) {
    names.push_back(absl::Utf8SafeCEscape(p.name));
    width = std::max(width, static_cast<int>(names.back().size()));
  }
  std::string out = absl::StrFormat("%-*s %12s %6s %14s %14s %12s  %s\n", width, "producer", "id",
                                    "epoch", "last sequence", "LSN", "index", "session");
  for (size_t i = 0; i < producers.size(); ++i) {
    const client::ProducerInfo& p = producers[i];
    absl::StrAppendFormat(&out, "%-*s %12d %6d %14d %14d %12d  %s\n", width, names[i], p.id,
                          p.epoch, p.last_sequence.value(), p.last_lsn.value(),
                          p.last_index.value(), SessionText(p));
  }
  return out;
}

std::string ProducerText(const client::ProducerInfo& p) {
  return absl::StrFormat(
      "%-22s %s\n%-22s %d\n%-22s %d\n%-22s %s\n%-22s %s\n", "producer",
      absl::Utf8SafeCEscape(p.name), "id", p.id, "epoch", p.epoch, "last sequence", LastText(p),
      "session", p.open ? "open: a client that may append as it is connected" : "none open");
}

std::string ProducerJson(const client::ProducerInfo& p) {
  return absl::StrCat("{\"name\": ", JsonString(p.name), ", \"id\": \"", p.id,
                      "\", \"epoch\": ", p.epoch, ", \"lastSequence\": \"", p.last_sequence.value(),
                      "\", \"lastLsn\": \"", p.last_lsn.value(), "\", \"lastIndex\": \"",
                      p.last_index.value(), "\", \"open\": ", p.open ? "true" : "false", "}");
}

std::string ProducersJson(const std::string& journal,
                          const std::vector<client::ProducerInfo>& producers) {
  std::string out = absl::StrCat("{\"journal\": ", JsonString(journal), ", \"producers\": [");
  for (size_t i = 0; i < producers.size(); ++i) {
    absl::StrAppend(&out, i == 0 ? "\n  " : ",\n  ", ProducerJson(producers[i]));
  }
  return absl::StrCat(out, producers.empty() ? "]}\n" : "\n]}\n");
}

}  // namespace ringjournal::cli
