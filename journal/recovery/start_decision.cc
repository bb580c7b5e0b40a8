#include "journal/recovery/start_decision.h"

#include "absl/strings/str_cat.h"

namespace ringjournal {
namespace {

constexpr RingVerdict kRings[] = {RingVerdict::kAbsent,    RingVerdict::kForeign,
                                  RingVerdict::kStale,     RingVerdict::kNewerVersion,
                                  RingVerdict::kNotIntact, RingVerdict::kIntact};
constexpr DiskVerdict kDisks[] = {DiskVerdict::kEmpty,    DiskVerdict::kClean,
                                  DiskVerdict::kTornTail, DiskVerdict::kDamaged,
                                  DiskVerdict::kGap,      DiskVerdict::kUnreadable,
                                  DiskVerdict::kForeign,  DiskVerdict::kNewerVersion};

StartDecision Refuse(std::string reason) { return {StartAction::kRefuse, std::move(reason)}; }

bool IsDamage(DiskVerdict disk) {
  return disk == DiskVerdict::kDamaged || disk == DiskVerdict::kGap ||
         disk == DiskVerdict::kUnreadable;
}

// The configuration knows nothing of any entry.
StartDecision DecideNew(const StartInput& in) {
  if (in.disk == DiskVerdict::kEmpty) {
    // A ring can only be left from a start that died before it led: nobody was promised anything.
    return {StartAction::kStartEmpty, "a new journal: nothing was ever appended"};
  }
  return Refuse(
      "the configuration says that the journal never had a leader, but there are segments of it: "
      "restore the configuration that belongs to them, or move them away");
}

StartDecision DecideWithRing(const StartInput& in) {
  if (in.memory_only) {
    return {StartAction::kWarmStart, "the ring is intact: nothing acknowledged was lost"};
  }
  if (!in.ring_joins_disk) {
    return {StartAction::kWarmStartDiskDamaged,
            "the ring is intact and serves, but the disk lacks entries below the ring's oldest: "
            "they are not available; check the disk"};
  }
  if (IsDamage(in.disk)) {
    return {
        StartAction::kWarmStartDiskDamaged,
        "the ring is intact; the disk is damaged or lacks entries: what follows is written anew "
        "from where its log ends; check the disk"};
  }
  return {StartAction::kWarmStart, "the ring is intact: nothing acknowledged was lost"};
}

StartDecision DecideWithoutRing(const StartInput& in) {
  std::string why = absl::StrCat("the ring is ", RingVerdictText(in.ring));
  if (in.disk == DiskVerdict::kUnreadable) {
    return Refuse(absl::StrCat(why,
                               " and the first segment cannot be read: restore it from a copy, or "
                               "move the segments away to start with nothing"));
  }
  if (in.stopped_there && !in.memory_only &&
      (in.disk == DiskVerdict::kClean || in.disk == DiskVerdict::kTornTail)) {
    return {StartAction::kColdStart,
            absl::StrCat(why,
                         ", but the journal was stopped in order and everything is on disk: "
                         "nothing was lost")};
  }
  if (in.disk == DiskVerdict::kEmpty) {
    return {StartAction::kDiskRecovery,
            absl::StrCat(why,
                         " and the disk holds no entry: the log starts again from its "
                         "beginning, in a new generation")};
  }
  return {StartAction::kDiskRecovery,
          absl::StrCat(why, ": what is on disk is the log, in a new generation")};
}

void AppendMatrix(const std::string& title, const StartInput& base, std::string* out) {
  absl::StrAppend(out, "\n**", title, "**\n\n| ring \\ disk |");
  for (DiskVerdict disk : kDisks) absl::StrAppend(out, " ", DiskVerdictText(disk), " |");
  absl::StrAppend(out, "\n|---|");
  for (size_t i = 0; i < std::size(kDisks); ++i) absl::StrAppend(out, "---|");
  for (RingVerdict ring : kRings) {
    absl::StrAppend(out, "\n| ", RingVerdictText(ring), " |");
    for (DiskVerdict disk : kDisks) {
      StartInput input = base;
      input.ring = ring;
      input.disk = disk;
      absl::StrAppend(out, " ", StartActionText(DecideStart(input).action), " |");
    }
  }
  absl::StrAppend(out, "\n");
}

}  // namespace

const char* StartActionText(StartAction action) {
  switch (action) {
    case StartAction::kStartEmpty:
      return "start empty";
    case StartAction::kWarmStart:
      return "warm start";
    case StartAction::kWarmStartDiskDamaged:
      return "warm start, disk damaged";
    case StartAction::kDiskRecovery:
      return "disk recovery";
    case StartAction::kColdStart:
      return "cold start";
    case StartAction::kRefuse:
      return "refuse";
  }
  return "?";
}

StartDecision DecideStart(const StartInput& in) {
  if (in.ring == RingVerdict::kNewerVersion) {
    return Refuse("the ring was written by a newer version: start that version");
  }
  if (in.disk == DiskVerdict::kNewerVersion) {
    return Refuse("a segment was written by a newer version: start that version");
  }
  if (in.disk == DiskVerdict::kForeign) {
    return Refuse("a segment belongs to another journal: move it to where it came from");
  }
  if (!in.has_been_led) return DecideNew(in);
  if (in.ring == RingVerdict::kIntact) return DecideWithRing(in);
  return DecideWithoutRing(in);
}

bool RingJoinsDisk(Index ring_oldest, const LogPosition& disk_end) {
  return disk_end.next_lsn > Lsn(0) && ring_oldest <= disk_end.next_index;
}

std::string StartDecisionTable() {
  std::string out;
  StartInput base;
  AppendMatrix("Never led (whatever the rest)", base, &out);
  base.has_been_led = true;
  base.ring_joins_disk = true;
  AppendMatrix("Has been led, with segments; an intact ring joins the disk", base, &out);
  base.ring_joins_disk = false;
  AppendMatrix("Has been led, with segments; an intact ring does not join the disk", base, &out);
  base.ring_joins_disk = base.stopped_there = true;
  AppendMatrix("Has been led, with segments that end where its leader stopped in order", base,
               &out);
  base.ring_joins_disk = base.stopped_there = false;
  base.memory_only = true;
  AppendMatrix("Has been led, memory-only", base, &out);
  return out;
}

}  // namespace ringjournal
