#include "tools/ringjournal/read_flags.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "tools/ringjournal/parse.h"

namespace ringjournal::cli {
namespace {

using client::Position;

// A time or id is worth telling; an LSN is known to who gave it.
bool IsResolved(const std::optional<Position>& position) {
  return position.has_value() && position->kind != Position::Kind::kLsn;
}

}  // namespace

OutputSpec ReadFlags::Format(const Context& context, int fd) const {
  const OutputSpec usual = context.json() ? OutputFormat::kJson : OutputFormat::kLines;
  OutputSpec spec = format.value_or(usual);
  spec.for_terminal = isatty(fd) == 1;
  return spec;
}

void AddRangeOptions(CLI::App* sub, ReadFlags* flags, const std::string& default_from) {
  sub->add_option("JOURNAL", flags->journal, "Name of the journal")->required();
  AddPositionOption(sub, "--from,--since", &flags->from,
                    absl::StrCat("First transaction wanted [", default_from, "]"));
  AddPositionOption(sub, "--until", &flags->until,
                    "Last transaction wanted; a time: those before it");
  sub->add_flag("--durable", flags->durable, "Only what is on the server's disk");
  AddDurationOption(sub, "--retry-for", &flags->retry_for_ns,
                    "How long to go on without a connection [60s]");
  AddAcceptLossOption(sub, &flags->accept_loss);
  sub->add_flag("-q,--quiet", flags->quiet, "Errors only on stderr");
}

void AddFilterOptions(CLI::App* sub, ReadFlags* flags) {
  sub->add_option("--grep", flags->filter.grep,
                  "Only payloads that match this regular expression, as for grep -E")
      ->type_name("PATTERN");
  sub->add_flag("-i,--ignore-case", flags->filter.ignore_case, "Of --grep");
  sub->add_flag("-v,--invert-match", flags->filter.invert, "What --grep does not match");
  sub->add_option("--key", flags->filter.key, "Only transactions with this key")->type_name("KEY");
  AddNumberOption(sub, "-n,--count", &flags->count_max, "Stop after so many");
}

client::ReaderOptions ReaderOptionsOf(const ReadFlags& flags, const Position& default_from) {
  client::ReaderOptions options;
  options.journal = flags.journal;
  options.from = flags.from.value_or(default_from);
  options.until = flags.until;
  options.durable_only = flags.durable;
  options.accept_generation = flags.accept_loss;
  return options;
}

void EchoPositions(const Context& context, const ReadFlags& flags, const client::Reader& reader) {
  if (flags.quiet) return;
  std::string text;
  if (IsResolved(flags.from)) {
    absl::StrAppend(&text, "from ", FormatPosition(*flags.from), " = LSN ",
                    reader.from_lsn().value());
  }
  if (IsResolved(flags.until) && reader.until_lsn().has_value()) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", "until ", FormatPosition(*flags.until),
                    " = LSN ", reader.until_lsn()->prev().value());
  }
  if (!text.empty()) context.Say(absl::StrCat(flags.journal, ": ", text));
}

std::string NothingThere(const ReadFlags& flags, const client::Reader& reader) {
  const Lsn from = reader.from_lsn(), end = reader.visible_lsn().next();
  if (reader.until_lsn().has_value() && *reader.until_lsn() <= from) {
    return absl::StrCat("nothing: the range ends with LSN ", reader.until_lsn()->prev().value(),
                        ", before its start, LSN ", from.value());
  }
  if (!flags.filter.empty()) return "nothing in the range passes the filter";
  if (end <= Lsn(1)) {
    return absl::StrCat(
        "nothing: ", flags.journal,
        flags.durable ? " has nothing on disk, and --durable wants only that" : " is empty");
  }
  return absl::StrCat("nothing: the range begins with LSN ", from.value(), ", and the newest in ",
                      flags.journal, flags.durable ? " on disk (--durable)" : "", " is LSN ",
                      end.prev().value());
}

int FailLoss(const Context& context, const absl::Status& status, const client::Reader& reader,
             std::vector<OptionChange> changes) {
  const int code = context.Fail(status);
  const std::optional<client::LossNotice>& loss = reader.last_loss();
  if (!loss.has_value()) return code;
  changes.push_back({{"--from", "--since"}, absl::StrCat(loss->first_lsn.value())});
  changes.push_back({{"--accept-loss"}, absl::StrCat(loss->generation)});
  context.Say("go on with:");
  std::fprintf(stderr, "  %s\n", ResumeCommand(context.arguments, changes).c_str());
  return code;
}

absl::Status CheckWritable(const std::string& what, const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  struct stat info = {};
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    return absl::InternalError(absl::StrCat("cannot write ", what, " ", path,
                                            ": it is no regular file, which could be replaced; "
                                            "name another one"));
  }
  if (access(folder.c_str(), W_OK | X_OK) == 0) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("cannot write ", what, " ", path, ": ", strerror(errno), "; check the path"));
}

}  // namespace ringjournal::cli
