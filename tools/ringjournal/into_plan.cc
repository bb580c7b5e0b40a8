#include "tools/ringjournal/into_plan.h"

#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "journal/base/bytes.h"
#include "journal/base/checksum.h"

namespace ringjournal::cli {
namespace {

struct Copy {
  std::string producer;
  Lsn base;
  uint64_t count = 0;

  Lsn next() const { return base + count; }  // without a filter
};

constexpr char kAnotherCopy[] =
    "; to begin another copy behind it all the same, name it: --producer ";

std::optional<Lsn> BaseOf(const IntoRequest& request, std::string_view name) {
  if (!name.starts_with(request.prefix) || !name.ends_with(request.suffix)) return std::nullopt;
  if (name.size() <= request.prefix.size() + request.suffix.size()) return std::nullopt;
  name.remove_prefix(request.prefix.size());
  name.remove_suffix(request.suffix.size());
  uint64_t lsn = 0;
  const bool digits = name.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits || !absl::SimpleAtoi(std::string(name), &lsn)) return std::nullopt;
  return Lsn(lsn);
}

// The copy that reaches furthest. One that was begun and holds nothing binds nobody.
std::optional<Copy> NewestCopy(const IntoRequest& request,
                               const std::vector<CopyProducer>& producers) {
  std::optional<Copy> newest;
  for (const CopyProducer& producer : producers) {
    const std::optional<Lsn> base = BaseOf(request, producer.name);
    if (!base.has_value() || producer.count == 0) continue;
    const Copy copy = {producer.name, *base, producer.count};
    if (!newest.has_value() || newest->next() < copy.next()) newest = copy;
  }
  return newest;
}

absl::Status Refuse(const std::string& why, const std::string& next) {
  return absl::FailedPreconditionError(absl::StrCat(why, next, kAnotherCopy, "NAME"));
}

// What a copy holds, for messages.
std::string Holds(const IntoRequest& request, const Copy& copy) {
  return absl::StrCat(request.target, " holds ", request.source, " from LSN ", copy.base.value(),
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
  if (!copy.has_value()) {
    return IntoPlan{absl::StrCat(request.prefix, request.from.value(), request.suffix),
                    request.from};
  }
  if (request.from < copy->base) {
    return Refuse(absl::StrCat(Holds(request, *copy), ": to begin at LSN ", request.from.value(),
                               " would copy it twice"),
                  absl::StrCat("; give --from ", copy->base.value(), " to go on behind it"));
  }
  if (request.filtered) return GoOnFiltered(request, *copy);
  if (request.from > copy->next()) return RefuseHole(request, *copy);
  return IntoPlan{copy->producer, copy->base};
}

}  // namespace ringjournal::cli
