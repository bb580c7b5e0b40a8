#include "tools/ringjournal/journal_text.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "journal/base/units.h"
#include "tools/ringjournal/output.h"

namespace ringjournal::cli {
namespace {

void Line(std::string* out, const char* name, const std::string& value) {
  absl::StrAppendFormat(out, "%-22s %s\n", name, value);
}

std::string Mark(const v1::Watermark& mark) {
  return absl::StrFormat("LSN %d (index %d)", mark.lsn(), mark.index());
}

// A size for a glance, written as it is given: "1.5MiB".
std::string About(uint64_t bytes) {
  const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit < 4) {
    value /= 1024;
    ++unit;
  }
  const bool whole = value == static_cast<double>(static_cast<uint64_t>(value));
  return whole ? absl::StrFormat("%.0f%s", value, units[unit])
               : absl::StrFormat("%.1f%s", value, units[unit]);
}

std::string Loss(const v1::LossReport& loss) {
  return absl::StrFormat("generation %d, from LSN %d on, %s: %s", loss.generation(),
                         loss.first_lsn(), FormatTime(loss.time_ns()), loss.reason());
}

std::string OrDefault(uint64_t bytes) { return bytes == 0 ? "default" : FormatBytes(bytes); }

std::string Millis(uint64_t ms, const char* zero) {
  return ms == 0 ? zero : FormatDurationNs(static_cast<int64_t>(ms) * 1'000'000);
}

void DescribeSettings(const v1::JournalSettings& s, std::string* out) {
  Line(out, "ring", OrDefault(s.ring_bytes()));
  Line(out, "segment", OrDefault(s.segment_bytes()));
  Line(out, "checkpoint",
       absl::StrCat("every ", OrDefault(s.checkpoint_bytes()), " or ",
                    Millis(s.checkpoint_interval_ms(), "default")));
  Line(out, "memory only", s.memory_only() ? "yes: disk levels are refused" : "no");
  Line(out, "fenced", s.fenced() ? "yes: only its writer may append" : "no");
  Line(out, "retention",
       absl::StrCat(s.retention_bytes() == 0 ? "all bytes" : FormatBytes(s.retention_bytes()), ", ",
                    Millis(s.retention_age_ms(), "any age")));
}

std::string NodesOf(const google::protobuf::RepeatedPtrField<v1::ReplicaId>& replicas) {
  std::string out;
  for (const v1::ReplicaId& r : replicas) absl::StrAppend(&out, out.empty() ? "" : " ", r.node());
  return out.empty() ? "none" : out;
}

}  // namespace

std::string DescribeCopies(const v1::JournalReply& j) {
  std::string out;
  Line(&out, "leader", j.config().has_leader() ? j.config().leader().node() : "none now");
  std::string members;
  for (const std::string& node : j.config().members()) {
    absl::StrAppend(&members, members.empty() ? "" : " ", node);
  }
  Line(&out, "members", members);
  Line(&out, "in sync", NodesOf(j.config().isr()));
  if (j.config().isr().empty()) Line(&out, "hold it all", NodesOf(j.config().complete()));
  for (const std::string& node : j.stats().laggards()) Line(&out, "far behind", node);
  return out;
}

std::string JournalTable(const google::protobuf::RepeatedPtrField<v1::JournalReply>& journals) {
  if (journals.empty()) return "no journals; create one with `ringjournal journal create NAME`\n";
  size_t width = 24;
  for (const v1::JournalReply& j : journals) width = std::max(width, j.config().name().size());
  const int w = static_cast<int>(width);
  std::string out = absl::StrFormat("%-*s %12s %12s %12s %12s  %s\n", w, "JOURNAL", "OLDEST LSN",
                                    "DURABLE", "COMMITTED", "RING USED", "STORAGE");
  for (const v1::JournalReply& j : journals) {
    absl::StrAppendFormat(&out, "%-*s %12d %12d %12d %12s  %s\n", w, j.config().name(),
                          j.watermarks().oldest().lsn(), j.watermarks().durable().lsn(),
                          j.watermarks().committed().lsn(), About(j.stats().ring_bytes_used()),
                          j.stats().storage_state());
  }
  for (const v1::JournalReply& j : journals) {
    for (const v1::LossReport& loss : j.config().losses()) {
      if (loss.first_lsn() < j.watermarks().oldest().lsn()) continue;  // its place is trimmed
      absl::StrAppend(&out, "possible loss in ", j.config().name(), ": ", Loss(loss), "\n");
    }
  }
  return out;
}

std::string DescribeJournal(const v1::JournalReply& j) {
  std::string out;
  Line(&out, "journal", j.config().name());
  Line(&out, "id", absl::BytesToHexString(j.config().id()));
  Line(&out, "generation, epoch", absl::StrCat(j.config().generation(), ", ", j.config().epoch()));
  for (const v1::LossReport& loss : j.config().losses()) Line(&out, "possible loss", Loss(loss));
  if (j.config().members_size() > 1) out += DescribeCopies(j);
  Line(&out, "oldest", Mark(j.watermarks().oldest()));
  Line(&out, "durable", Mark(j.watermarks().durable()));
  Line(&out, "committed", Mark(j.watermarks().committed()));
  Line(&out, "end", Mark(j.watermarks().end()));
  DescribeSettings(j.config().settings(), &out);
  Line(&out, "ring used",
       absl::StrCat(About(j.stats().ring_bytes_used()), " of ", About(j.stats().ring_bytes())));
  Line(&out, "segments",
       absl::StrCat(j.stats().segment_count(), ", ", About(j.stats().segment_bytes())));
  Line(&out, "storage", j.stats().storage_state());
  Line(&out, "producers", absl::StrCat(j.stats().producer_count()));
  return out;
}

}  // namespace ringjournal::cli
