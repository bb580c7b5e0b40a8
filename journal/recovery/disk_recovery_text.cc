// The words for what a recovery found.
#include "journal/recovery/disk_recovery.h"

namespace ringjournal {

const char* DiskVerdictText(DiskVerdict verdict) {
  switch (verdict) {
    case DiskVerdict::kEmpty:
      return "empty";
    case DiskVerdict::kClean:
      return "clean";
    case DiskVerdict::kTornTail:
      return "torn tail";
    case DiskVerdict::kDamaged:
      return "damaged";
    case DiskVerdict::kGap:
      return "gap";
    case DiskVerdict::kUnreadable:
      return "unreadable";
    case DiskVerdict::kForeign:
      return "foreign";
    case DiskVerdict::kNewerVersion:
      return "newer version";
  }
  return "?";
}

const char* SegmentRoleText(SegmentRole role) {
  switch (role) {
    case SegmentRole::kScanned:
      return "scanned";
    case SegmentRole::kTrusted:
      return "trusted";
    case SegmentRole::kSuperseded:
      return "superseded";
    case SegmentRole::kTrimmed:
      return "trimmed";
    case SegmentRole::kUnopened:
      return "unopened";
    case SegmentRole::kTornOpening:
      return "torn opening";
    case SegmentRole::kBeyondEnd:
      return "beyond the end";
    case SegmentRole::kRefused:
      return "refused";
  }
  return "?";
}

}  // namespace ringjournal
