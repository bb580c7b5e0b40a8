#include "tools/ringjournal/verify.h"

#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/ringjournal/commands.h"
#include "tools/ringjournal/exit_codes.h"
#include "tools/ringjournal/json.h"
#include "tools/ringjournal/words.h"

namespace ringjournal::cli {
namespace {

std::string Range(uint64_t first, uint64_t end, const char* what) {
  if (end <= first || first == 0) return absl::StrCat("no ", what);
  return absl::StrCat(what, " ", first, "..", end - 1);
}

std::string FileText(const FileReport& file) {
  std::string out = absl::StrCat(file.damaged ? "BAD  " : "ok   ", file.path, "\n     ", file.kind);
  if (!file.journal.empty() && !NamesJournal(file.path, file.journal)) {
    absl::StrAppend(&out, " of journal ", file.journal);
  }
  if (file.end_index > 0) {
    absl::StrAppend(&out, ": ", Range(file.first_index, file.end_index, "entries"), ", ",
                    Range(file.first_lsn, file.end_lsn, "LSNs"));
  }
  return absl::StrCat(out, "\n     ", VerdictText(file.verdict, file.sentence), "\n");
}

std::string JournalText(const JournalReport& journal) {
  const std::string directory = journal.directory.empty() ? "." : journal.directory;
  const bool in_path = NamesJournal(directory, journal.journal);
  std::string out = absl::StrCat(journal.damaged ? "BAD  " : "ok   ", "journal ",
                                 in_path ? "" : absl::StrCat(journal.journal, " in "), directory,
                                 "\n     ", VerdictText(journal.verdict, journal.sentence), "\n");
  for (const std::string& note : journal.notes) absl::StrAppend(&out, "     note: ", note, "\n");
  return out;
}

uint64_t CountTorn(const VerifyReport& report) {
  uint64_t torn = 0;
  for (const JournalReport& journal : report.journals) torn += journal.verdict == "torn tail";
  return torn;
}

uint64_t CountDamaged(const VerifyReport& report) {
  uint64_t damaged = 0;
  for (const FileReport& file : report.files) damaged += file.damaged;
  return damaged;
}

std::string Summary(const VerifyReport& report) {
  std::string out = absl::StrCat(Counted(report.files.size(), "file"), ", ",
                                 Counted(report.journals.size(), "journal"), " with segments: ");
  if (report.damaged()) {
    absl::StrAppend(&out, "DAMAGED (", Counted(CountDamaged(report), "file"),
                    "). Keep them; recover from another copy where there is one");
  } else if (report.files.empty()) {
    absl::StrAppend(&out, "nothing was verified");
  } else {
    absl::StrAppend(&out, "no damage");
  }
  if (uint64_t torn = CountTorn(report)) {
    absl::StrAppend(&out, "; ", Counted(torn, "torn tail"),
                    ", as a killed server leaves it: nothing acknowledged as on disk "
                    "is missing");
  }
  return out;
}

std::string Number(const char* name, uint64_t value) {
  return absl::StrCat(",\"", name, "\":\"", value, "\"");
}

std::string FileJson(const FileReport& file) {
  return absl::StrCat(
      "{\"path\":", JsonString(file.path), ",\"kind\":", JsonString(file.kind),
      ",\"journal\":", JsonString(file.journal), ",\"verdict\":", JsonString(file.verdict),
      ",\"sentence\":", JsonString(file.sentence), ",\"damaged\":", file.damaged ? "true" : "false",
      Number("firstIndex", file.first_index), Number("endIndex", file.end_index),
      Number("firstLsn", file.first_lsn), Number("endLsn", file.end_lsn),
      Number("bytesLost", file.bytes_lost), "}");
}

void JoinString(std::string* out, const std::string& text) { out->append(JsonString(text)); }

std::string JournalJson(const JournalReport& journal) {
  return absl::StrCat(
      "{\"journal\":", JsonString(journal.journal),
      ",\"directory\":", JsonString(journal.directory),
      ",\"verdict\":", JsonString(journal.verdict), ",\"sentence\":", JsonString(journal.sentence),
      ",\"damaged\":", journal.damaged ? "true" : "false", Number("endIndex", journal.end_index),
      Number("endLsn", journal.end_lsn), Number("bytesLost", journal.bytes_lost), ",\"notes\":[",
      absl::StrJoin(journal.notes, ",", JoinString), "]}");
}

}  // namespace

bool NamesJournal(const std::string& path, const std::string& journal) {
  return path.find(journal) != std::string::npos;
}

std::string VerdictText(const std::string& verdict, const std::string& sentence) {
  return sentence.starts_with(verdict) ? sentence : absl::StrCat(verdict, ": ", sentence);
}

std::string VerifyText(const VerifyReport& report) {
  std::string out;
  for (const FileReport& file : report.files) out += FileText(file);
  for (const JournalReport& journal : report.journals) out += JournalText(journal);
  return absl::StrCat(out, Summary(report), "\n");
}

std::string VerifyJson(const VerifyReport& report) {
  auto file = [](std::string* out, const FileReport& r) { out->append(FileJson(r)); };
  auto journal = [](std::string* out, const JournalReport& r) { out->append(JournalJson(r)); };
  return absl::StrCat("{\"files\":[", absl::StrJoin(report.files, ",", file), "],\"journals\":[",
                      absl::StrJoin(report.journals, ",", journal), "],\"errors\":[",
                      absl::StrJoin(report.errors, ",", JoinString),
                      "],\"damaged\":", report.damaged() ? "true" : "false",
                      ",\"summary\":", JsonString(Summary(report)), "}\n");
}

int RunVerify(const VerifyOptions& options, std::ostream& out, std::ostream& err) {
  VerifyReport report = VerifyPaths(options.paths);
  out << (options.as_json ? VerifyJson(report) : VerifyText(report));
  out.flush();
  for (const std::string& error : report.errors) err << "ringjournal verify: " << error << "\n";
  if (report.damaged()) return kExitDamaged;
  if (!report.errors.empty()) return kExitFailure;
  if (report.files.empty()) {
    err << "ringjournal verify: found no segment (.seg) and no ring (.ring) there: name the data "
           "directory, the ring directory, or files\n";
    return kExitFailure;
  }
  return kExitOk;
}

void RegisterVerify(CLI::App& app, Context& context) {
  CLI::App* sub = app.add_subcommand("verify", "Check segment and ring files, without a server");
  auto options = std::make_shared<VerifyOptions>();
  sub->add_option("PATH", options->paths, "Segment files, ring files, or directories of them")
      ->required()
      ->type_name("PATH...");
  sub->fallthrough();
  sub->footer(
      "A torn tail is what a killed server leaves, and is fine: nothing acknowledged as on disk is "
      "in it.\n\nExamples:\n  ringjournal verify /var/lib/ringjournal\n"
      "  ringjournal -o json verify ring.copy segments/\n");
  sub->callback([&context, options] {
    context.command = "verify";
    context.needs_server = false;
    context.action = [&context, options] {
      options->as_json = context.json();
      return RunVerify(*options, std::cout, std::cerr);
    };
  });
}

}  // namespace ringjournal::cli
