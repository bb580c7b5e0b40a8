#include "tools/ringjournal/inspect.h"

#include <algorithm>
#include <iostream>
#include <memory>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "io/file.h"
#include "journal/segment/segment_scan.h"
#include "proto/entry.pb.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/json.h"
#include "tools/ringjournal/output.h"
#include "tools/ringjournal/verify.h"

namespace ringjournal::cli {
namespace {

// "TRANSACTIONS" for ENTRY_KIND_TRANSACTIONS.
std::string KindName(uint32_t kind) {
  std::string name = v1::EntryKind_Name(static_cast<v1::EntryKind>(kind));
  constexpr size_t kPrefix = sizeof "ENTRY_KIND_" - 1;
  return name.size() > kPrefix ? name.substr(kPrefix) : absl::StrCat("KIND_", kind);
}

void Add(const EntryHeader& h, bool keep, SegmentDetails* out) {
  if (out->entries++ == 0) out->first_log_time_ns = h.log_time_ns;
  out->last_log_time_ns = h.log_time_ns;
  out->control_entries += h.count == 0;
  out->transactions += h.count;
  out->record_bytes += RecordBytes(h.body_length);
  if (keep) out->headers.push_back(h);
}

SegmentDetails Look(const FileReport& report, bool headers, std::vector<std::string>* errors) {
  SegmentDetails out;
  out.report = report;
  absl::StatusOr<io::MappedFile> file = io::MappedFile::Open(report.path);
  if (!file.ok()) {
    errors->push_back(std::string(file.status().message()));
    return out;
  }
  SegmentScan scan = ScanSegment(file->bytes(), ScanOptions{},
                                 [&](const RecordView& view) { Add(view.header, headers, &out); });
  const v1::SegmentDescription& d = scan.description;
  out.generation = d.state().generation();
  out.epoch = d.state().epoch();
  out.producers = static_cast<uint64_t>(d.state().producers_size());
  out.opener_incarnation = d.opener_incarnation();
  out.opener_counter = d.opener_counter();
  out.groups = scan.groups;
  // Behind a gap or damage the recovery counts nothing of a file; what is in it is of interest
  // here.
  if (out.report.end_index <= out.report.first_index && d.first_index() > 0) {
    out.report.first_index = d.first_index();
    out.report.first_lsn = d.first_lsn();
    out.report.end_index = scan.position.next_index.value();
    out.report.end_lsn = scan.position.next_lsn.value();
  }
  return out;
}

std::string HeaderText(const EntryHeader& h) {
  std::string lsns = h.count == 0 ? absl::StrCat("before ", h.first_lsn.value())
                                  : absl::StrCat(h.first_lsn.value(), "..", h.last_lsn().value());
  return absl::StrFormat(
      "     entry %d  LSN %s  %s  %s  generation %d epoch %d  producer %d.%d sequence %d  %d bytes "
      " "
      "chain %016x\n",
      h.index.value(), lsns, KindName(h.kind), FormatTime(h.log_time_ns), h.epoch.generation,
      h.epoch.epoch, h.producer_id.value(), h.producer_epoch, h.first_sequence.value(),
      h.body_length, h.chain);
}

std::string Range(uint64_t first, uint64_t end) {
  return end <= first ? "none" : absl::StrCat(first, "..", end - 1);
}

std::string JournalUnlessInPath(const FileReport& file) {
  if (file.journal.empty()) return "journal unknown, ";
  if (NamesJournal(file.path, file.journal)) return "";
  return absl::StrCat("journal ", file.journal, ", ");
}

std::string SegmentText(const SegmentDetails& s) {
  std::string out = absl::StrFormat(
      "%s segment %s\n     %sopened by incarnation %d as its number %d; before it: generation %d, "
      "epoch %d, %d producers\n     LSNs %s: %d transactions, %d bytes in %d groups\n"
      "     entries %s, %d of them control records\n",
      s.report.damaged ? "BAD " : "ok  ", s.report.path, JournalUnlessInPath(s.report),
      s.opener_incarnation, s.opener_counter, s.generation, s.epoch, s.producers,
      Range(s.report.first_lsn, s.report.end_lsn), s.transactions, s.record_bytes, s.groups,
      Range(s.report.first_index, s.report.end_index), s.control_entries);
  if (s.entries > 0) {
    absl::StrAppend(&out, "     log time ", FormatTime(s.first_log_time_ns), " to ",
                    FormatTime(s.last_log_time_ns), "\n");
  }
  absl::StrAppend(&out, "     ", VerdictText(s.report.verdict, s.report.sentence), "\n");
  for (const EntryHeader& header : s.headers) out += HeaderText(header);
  return out;
}

std::string OtherText(const FileReport& file) {
  return absl::StrFormat(
      "%s %s %s\n     %sentries %s, LSNs %s\n     %s\n", file.damaged ? "BAD " : "ok  ", file.kind,
      file.path, JournalUnlessInPath(file), Range(file.first_index, file.end_index),
      Range(file.first_lsn, file.end_lsn), VerdictText(file.verdict, file.sentence));
}

std::string GapText(const SegmentGap& gap) {
  return absl::StrFormat("GAP  journal %s: entries %s, LSNs %s are in none of the segments\n",
                         gap.journal, Range(gap.first_index, gap.end_index),
                         Range(gap.first_lsn, gap.end_lsn));
}

std::string Number(const char* name, uint64_t value) {
  return absl::StrCat(",\"", name, "\":\"", value, "\"");
}

std::string CommonJson(const FileReport& f) {
  return absl::StrCat(
      "{\"path\":", JsonString(f.path), ",\"kind\":", JsonString(f.kind),
      ",\"journal\":", JsonString(f.journal), ",\"verdict\":", JsonString(f.verdict),
      ",\"sentence\":", JsonString(f.sentence), ",\"damaged\":", f.damaged ? "true" : "false",
      Number("firstIndex", f.first_index), Number("endIndex", f.end_index),
      Number("firstLsn", f.first_lsn), Number("endLsn", f.end_lsn));
}

void HeaderJson(std::string* out, const EntryHeader& h) {
  absl::StrAppend(
      out, "{\"kind\":", JsonString(KindName(h.kind)), Number("index", h.index.value()),
      Number("firstLsn", h.first_lsn.value()), Number("count", h.count),
      ",\"logTime\":", JsonString(FormatTime(h.log_time_ns)),
      ",\"generation\":", h.epoch.generation, ",\"epoch\":", h.epoch.epoch,
      Number("producerId", h.producer_id.value()), ",\"producerEpoch\":", h.producer_epoch,
      Number("firstSequence", h.first_sequence.value()), Number("bodyBytes", h.body_length));
  absl::StrAppendFormat(out, ",\"chain\":\"%016x\"}", h.chain);
}

void SegmentJson(std::string* out, const SegmentDetails& s) {
  absl::StrAppend(out, CommonJson(s.report), ",\"generation\":", s.generation,
                  ",\"epoch\":", s.epoch, Number("openerIncarnation", s.opener_incarnation),
                  Number("openerCounter", s.opener_counter), Number("producers", s.producers),
                  Number("groups", s.groups), Number("entries", s.entries),
                  Number("controlEntries", s.control_entries),
                  Number("transactions", s.transactions), Number("recordBytes", s.record_bytes));
  if (s.entries > 0) {
    absl::StrAppend(out, ",\"firstLogTime\":", JsonString(FormatTime(s.first_log_time_ns)),
                    ",\"lastLogTime\":", JsonString(FormatTime(s.last_log_time_ns)));
  }
  if (!s.headers.empty()) {
    absl::StrAppend(out, ",\"headers\":[", absl::StrJoin(s.headers, ",", HeaderJson), "]");
  }
  *out += "}";
}

void GapJson(std::string* out, const SegmentGap& gap) {
  absl::StrAppend(out, "{\"journal\":", JsonString(gap.journal),
                  Number("firstIndex", gap.first_index), Number("endIndex", gap.end_index),
                  Number("firstLsn", gap.first_lsn), Number("endLsn", gap.end_lsn), "}");
}

bool ComesBefore(const SegmentDetails& a, const SegmentDetails& b) {
  const FileReport &x = a.report, &y = b.report;
  return std::tie(x.journal, x.first_index, x.path) < std::tie(y.journal, y.first_index, y.path);
}

}  // namespace

std::string EntryHeaderText(const EntryHeader& header) { return HeaderText(header); }

std::string EntryHeaderJson(const EntryHeader& header) {
  std::string out;
  HeaderJson(&out, header);
  return out;
}

std::vector<SegmentGap> FindGaps(const std::vector<SegmentDetails>& segments) {
  std::vector<SegmentGap> gaps;
  const FileReport* before = nullptr;
  for (const SegmentDetails& segment : segments) {
    const FileReport& report = segment.report;
    if (report.first_index == 0 || report.end_index <= report.first_index) continue;
    bool same = before != nullptr && before->journal == report.journal;
    if (same && report.first_index > before->end_index) {
      gaps.push_back({report.journal, before->end_index, report.first_index, before->end_lsn,
                      report.first_lsn});
    }
    if (!same || report.end_index > before->end_index) before = &report;
  }
  return gaps;
}

int RunInspect(const InspectOptions& options, std::ostream& out, std::ostream& err) {
  VerifyReport report = VerifyPaths(options.paths);
  std::vector<SegmentDetails> segments;
  std::vector<FileReport> others;
  for (const FileReport& file : report.files) {
    if (file.kind == "segment") {
      segments.push_back(Look(file, options.headers, &report.errors));
    } else {
      others.push_back(file);
    }
  }
  std::sort(segments.begin(), segments.end(), ComesBefore);
  std::vector<SegmentGap> gaps = FindGaps(segments);
  if (options.as_json) {
    auto other = [](std::string* text, const FileReport& f) { *text += CommonJson(f) + "}"; };
    out << "{\"segments\":[" << absl::StrJoin(segments, ",", SegmentJson) << "],\"others\":["
        << absl::StrJoin(others, ",", other) << "],\"gaps\":[" << absl::StrJoin(gaps, ",", GapJson)
        << "]}\n";
  } else {
    for (const SegmentDetails& segment : segments) out << SegmentText(segment);
    for (const FileReport& file : others) out << OtherText(file);
    for (const SegmentGap& gap : gaps) out << GapText(gap);
  }
  out.flush();
  for (const std::string& error : report.errors) err << "ringjournal inspect: " << error << "\n";
  if (report.damaged() || !gaps.empty()) return kExitDamaged;
  if (!report.errors.empty()) return kExitFailure;
  if (!report.files.empty()) return kExitOk;
  err << "ringjournal inspect: found no segment (.seg) and no ring (.ring) there: name the data "
         "directory, the ring directory, or files\n";
  return kExitFailure;
}

void RegisterInspect(CLI::App& app, Context& context) {
  CLI::App* sub = app.add_subcommand(
      "inspect", "Show what segment and ring files hold, and what is missing, without a server");
  auto options = std::make_shared<InspectOptions>();
  sub->add_option("PATH", options->paths, "Segment files, ring files, or directories of them")
      ->required()
      ->type_name("PATH...");
  sub->add_flag("--headers", options->headers, "Every entry's header too");
  sub->fallthrough();
  sub->footer(
      "Examples:\n  ringjournal inspect /var/lib/ringjournal\n"
      "  ringjournal inspect --headers segments/*.seg\n");
  sub->callback([&context, options] {
    context.command = "inspect";
    context.needs_server = false;
    context.action = [&context, options] {
      options->as_json = context.json();
      return RunInspect(*options, std::cout, std::cerr);
    };
  });
}

}  // namespace ringjournal::cli
