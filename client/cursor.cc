#include "client/cursor.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "client/errors.h"
#include "journal/base/bytes.h"
#include "journal/base/checksum.h"
#include "journal/base/limits.h"

namespace ringjournal::client {
namespace {

constexpr char kVersion[] = "rjc1";
constexpr size_t kParts = 7;

absl::Status BadCursor(std::string_view text, const std::string& why) {
  return MakeError(ErrorCode::kBadCursor,
                   absl::StrCat("'", std::string(text.substr(0, limits::kClientCursorBytesMax)),
                                "' is no saved cursor: ", why,
                                "; use the text that Cursor::ToString made, unchanged, or read "
                                "from a position such as `oldest`"));
}

bool ParseHex64(const std::string& text, uint64_t* value) {
  return text.size() == 16 && absl::SimpleHexAtoi(text, value);
}

// Everything before the checksum's colon.
bool ChecksumHolds(const std::string& text, const std::string& checksum) {
  std::string body = text.substr(0, text.size() - checksum.size() - 1);
  return checksum == absl::StrFormat("%08x", Crc32c(AsBytes(body)));
}

}  // namespace

std::string Cursor::ToString() const {
  std::string text = absl::StrFormat("%s:%s:%d:%d:%d:%016x", kVersion, journal_id.ToHex(),
                                     generation, next_lsn.value(), index.value(), chain);
  absl::StrAppendFormat(&text, ":%08x", Crc32c(AsBytes(text)));
  return text;
}

absl::StatusOr<Cursor> Cursor::Parse(std::string_view view) {
  if (view.size() > limits::kClientCursorBytesMax) return BadCursor(view, "it is too long");
  std::string text(absl::StripAsciiWhitespace(std::string(view)));
  std::vector<std::string> parts = absl::StrSplit(text, ':');
  if (parts[0] != kVersion) return BadCursor(text, "it does not start with rjc1");
  if (parts.size() != kParts) return BadCursor(text, "it is cut off, or has too many parts");
  if (!ChecksumHolds(text, parts[6])) return BadCursor(text, "it was changed or cut off");
  Cursor cursor;
  uint64_t lsn = 0, index = 0;
  if (!JournalId::FromHex(parts[1], &cursor.journal_id) ||
      !absl::SimpleAtoi(parts[2], &cursor.generation) || !absl::SimpleAtoi(parts[3], &lsn) ||
      !absl::SimpleAtoi(parts[4], &index) || !ParseHex64(parts[5], &cursor.chain)) {
    return BadCursor(text, "a number in it cannot be read");
  }
  cursor.next_lsn = Lsn(lsn);
  cursor.index = Index(index);
  return cursor;
}

}  // namespace ringjournal::client
