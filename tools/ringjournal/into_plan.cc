#include "tools/ringjournal/into_plan.h"

#include <algorithm>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "journal/base/bytes.h"
#include "journal/base/checksum.h"
#include "journal/base/limits.h"

namespace ringjournal::cli {
namespace {

struct Copy {
  std::string producer;
  Lsn base;
  Lsn begin;                // of the first part; base where this is the only one
  uint32_t generation = 1;  // of the source, when it began
  uint64_t count = 0;

  Lsn next() const { return base + count; }  // without a filter
};

constexpr char kAnotherCopy[] =
    "; to begin another copy behind it all the same, name it: --producer ";

template <class Number>
bool ParseDigits(std::string_view text, Number* number) {
  return text.find_first_not_of("0123456789") == std::string_view::npos &&
         absl::SimpleAtoi(std::string(text), number);
}

// Which copy a producer stands for, if it is one of those asked for.
std::optional<Copy> CopyOf(const IntoRequest& request, const CopyProducer& producer) {
  std::string_view name = producer.name;
  if (!name.starts_with(request.prefix) || !name.ends_with(request.suffix)) return std::nullopt;
  if (name.size() <= request.prefix.size() + request.suffix.size()) return std::nullopt;
  name.remove_prefix(request.prefix.size());
  name.remove_suffix(request.suffix.size());
  Copy copy = {.producer = producer.name, .count = producer.count};
  if (const size_t g = name.find('g'); g != std::string_view::npos) {
    if (!ParseDigits(name.substr(g + 1), &copy.generation)) return std::nullopt;
    name = name.substr(0, g);
  }
  uint64_t lsn = 0;
  if (!ParseDigits(name, &lsn)) return std::nullopt;
  copy.base = Lsn(lsn);
  return copy;
}

// Where the parts begin that reach to this one without a hole: a loss behind a copy's end begins
// another part of it.
Lsn BeginOfParts(Lsn base, const std::vector<Copy>& copies) {
  for (size_t i = 0; i < copies.size();) {
    const bool before = copies[i].base < base && copies[i].next() == base;
    if (before) base = copies[i].base;
    i = before ? 0 : i + 1;
  }
  return base;
}

// The copy that reaches furthest. One that was begun and holds nothing binds nobody.
std::optional<Copy> NewestCopy(const IntoRequest& request,
                               const std::vector<CopyProducer>& producers) {
  std::optional<Copy> newest;
  std::vector<Copy> copies;
  for (const CopyProducer& producer : producers) {
    const std::optional<Copy> copy = CopyOf(request, producer);
    if (!copy.has_value() || copy->count == 0) continue;
    copies.push_back(*copy);
    if (!newest.has_value() || newest->next() < copy->next()) newest = copy;
  }
  // With a filter nobody knows how far a copy has read.
  if (newest.has_value()) {
    newest->begin = request.filtered ? newest->base : BeginOfParts(newest->base, copies);
  }
  return newest;
}

absl::Status Refuse(const std::string& why, const std::string& next) {
  return absl::FailedPreconditionError(absl::StrCat(why, next, kAnotherCopy, "NAME"));
}

// What a copy holds, for messages.
std::string Holds(const IntoRequest& request, const Copy& copy) {
  return absl::StrCat(request.target, " holds ", request.source, " from LSN ", copy.begin.value(),
                      request.filtered ? " on, as far as it passed the filter"
                                       : absl::StrCat(" to ", copy.next().prev().value()));
}

absl::Status RefuseHole(const IntoRequest& request, const Copy& copy) {
  const std::string hole =
      absl::StrCat("LSN ", copy.next().value(), " to ", request.from.prev().value());
  if (request.oldest > copy.next()) {
    return Refuse(absl::StrCat(Holds(request, copy), ", but the oldest that is kept is LSN ",
                               request.oldest.value(), ": ", hole, " cannot be copied"),
                  "");
  }
  return Refuse(absl::StrCat(Holds(request, copy), ": to go on at LSN ", request.from.value(),
                             " would leave out ", hole),
                absl::StrCat("; leave --from out, or give --from ", copy.next().value()));
}

// What a copy holds may be lost in the source, and something else stand there: going on behind the
// copy would leave that out. Only losses since the copy began count.
absl::Status CheckLosses(const IntoRequest& request, const Copy& copy) {
  for (const SourceLoss& loss : request.losses) {
    if (loss.generation <= copy.generation) continue;
    // How far a filtered copy has read is not known.
    if (!request.filtered && loss.first_lsn >= copy.next()) continue;
    // A run that was reading when it happened went on with what came in its place.
    const std::string held = request.filtered
                                 ? ""
                                 : absl::StrCat(
                                       "; if a run that lasted through the loss has copied that, "
                                       "go on behind it: --from ",
                                       copy.next().value(), " --producer NAME");
    return absl::FailedPreconditionError(absl::StrCat(
        Holds(request, copy), "; since then ", request.source, " has lost what it held from LSN ",
        loss.first_lsn.value(), " on (generation ", loss.generation,
        "), and what stands there now may be left out; to copy that, as another copy behind this "
        "one: --from ",
        loss.first_lsn.value(), " --producer NAME", held));
  }
  return absl::OkStatus();
}

bool LostSince(const IntoRequest& request, const Copy& copy) {
  return std::ranges::any_of(request.losses, [&copy](const SourceLoss& loss) {
    return loss.generation > copy.generation;
  });
}

absl::StatusOr<IntoPlan> BeginCopy(const IntoRequest& request, Lsn from) {
  const std::string generation =
      request.generation > 1 ? absl::StrCat("g", request.generation) : "";
  IntoPlan plan = {absl::StrCat(request.prefix, from.value(), generation, request.suffix), from};
  const size_t bytes = plan.producer.size();
  if (bytes <= limits::kProducerNameBytesMax) return plan;
  return absl::FailedPreconditionError(
      absl::StrCat("the copy's producer would be named ", plan.producer, ", which has ", bytes,
                   " bytes, and a name has ", limits::kProducerNameBytesMax,
                   " at most: give a --producer that is ", bytes - limits::kProducerNameBytesMax,
                   " bytes shorter"));
}

absl::StatusOr<IntoPlan> GoOnFiltered(const IntoRequest& request, const Copy& copy) {
  // Only the number of those that passed is known, so they are counted again.
  if (request.oldest > copy.base) {
    return Refuse(
        absl::StrCat(Holds(request, copy), ", ", copy.count,
                     " transactions; since then the source was trimmed to LSN ",
                     request.oldest.value(), ", so that nobody can tell which of them are copied"),
        "");
  }
  return IntoPlan{copy.producer, copy.base};
}

}  // namespace

std::string CopyPrefix(const std::string& name, const JournalId& source) {
  return absl::StrCat(name.empty() ? "replay" : name, "-", source.ToHex().substr(0, 16), "-");
}

std::string CopySuffix(const FilterOptions& filter) {
  if (filter.empty()) return "";
  const std::string text =
      absl::StrCat(filter.grep, "\n", filter.ignore_case, "\n", filter.invert, "\n",
                   filter.key.value_or(""), "\n", filter.key.has_value());
  return absl::StrFormat("-%08x", static_cast<uint32_t>(ChainHash(0, AsBytes(text))));
}

absl::StatusOr<IntoPlan> PlanInto(const IntoRequest& request,
                                  const std::vector<CopyProducer>& producers) {
  const std::optional<Copy> copy = NewestCopy(request, producers);
  if (!copy.has_value()) return BeginCopy(request, request.from);
  if (absl::Status s = CheckLosses(request, *copy); !s.ok()) return s;
  if (request.from < copy->begin) {
    return Refuse(absl::StrCat(Holds(request, *copy), ": to begin at LSN ", request.from.value(),
                               " would copy it twice"),
                  absl::StrCat("; give --from ", copy->begin.value(), " to go on behind it"));
  }
  if (request.filtered) return GoOnFiltered(request, *copy);
  if (request.from > copy->next()) return RefuseHole(request, *copy);
  // A part of its own: what it copies from here on was written after the loss, and is not lost.
  if (LostSince(request, *copy)) return BeginCopy(request, copy->next());
  return IntoPlan{copy->producer, copy->base};
}

}  // namespace ringjournal::cli
