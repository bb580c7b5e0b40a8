#include "client/cursor.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "journal/base/limits.h"

namespace ringjournal::client {
namespace {

constexpr std::string_view kFirstLine = "ringjournal cursor 1";

absl::Status FileError(const std::string& what, const std::string& path) {
  return absl::InternalError(absl::StrCat("cannot ", what, " the cursor file ", path, ": ",
                                          strerror(errno),
                                          "; check the path, the rights and the "
                                          "space there"));
}

absl::Status Wrong(size_t line, const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat("not a cursor: line ", line, ": ", why,
                                                 "; delete the file to begin without a cursor"));
}

// Takes "name=" off the front. False: the line is another one.
bool TakeName(std::string_view name, std::string_view* line) {
  if (!line->starts_with(name) || line->size() <= name.size() || (*line)[name.size()] != '=') {
    return false;
  }
  line->remove_prefix(name.size() + 1);
  return true;
}

bool ParseNumber(std::string_view text, uint64_t* value) {
  return !text.empty() && text[0] >= '0' && text[0] <= '9' &&
         absl::SimpleAtoi(absl::string_view(text.data(), text.size()), value);
}

bool ParseHex(std::string_view text, uint64_t* value) {
  return text.size() == 16 && absl::SimpleHexAtoi(absl::string_view(text.data(), 16), value);
}

// Writes and syncs a new file. Closes it in any case.
bool WriteNewFile(const std::string& path, const std::string& text) {
  int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return false;
  bool good =
      write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(fd) == 0;
  int saved = errno;
  good = close(fd) == 0 && good;
  if (saved != 0) errno = saved;
  return good;
}

}  // namespace

std::string CursorText(const Cursor& c) {
  return absl::StrFormat("%s\njournal=%s\ngeneration=%d\nepoch=%d\nindex=%d\nlsn=%d\nchain=%016x\n",
                         std::string(kFirstLine), c.journal.ToHex(), c.epoch.generation,
                         c.epoch.epoch, c.index.value(), c.lsn.value(), c.chain);
}

absl::StatusOr<Cursor> ParseCursor(std::string_view text) {
  std::vector<std::string> lines =
      absl::StrSplit(absl::string_view(text.data(), text.size()), '\n');
  if (lines.empty() || lines[0] != kFirstLine) {
    return Wrong(1, absl::StrCat("expected \"", std::string(kFirstLine), "\""));
  }
  if (lines.size() != 8 || !lines[7].empty()) return Wrong(lines.size(), "expected seven lines");
  Cursor cursor;
  uint64_t generation = 0, epoch = 0, index = 0, lsn = 0;
  struct Number {
    std::string_view name;
    uint64_t* value;
  };
  std::string_view journal = lines[1], chain = lines[6];
  if (!TakeName("journal", &journal) || !JournalId::FromHex(journal, &cursor.journal)) {
    return Wrong(2, "expected journal= and 32 hexadecimal digits");
  }
  const Number numbers[] = {
      {"generation", &generation}, {"epoch", &epoch}, {"index", &index}, {"lsn", &lsn}};
  for (size_t i = 0; i < 4; ++i) {
    std::string_view line = lines[2 + i];
    bool fits = TakeName(numbers[i].name, &line) && ParseNumber(line, numbers[i].value);
    if (!fits || (i < 2 && *numbers[i].value > UINT32_MAX)) {
      return Wrong(3 + i,
                   absl::StrCat("expected ", std::string(numbers[i].name), "= and a number"));
    }
  }
  if (!TakeName("chain", &chain) || !ParseHex(chain, &cursor.chain)) {
    return Wrong(7, "expected chain= and 16 hexadecimal digits");
  }
  cursor.epoch = {static_cast<uint32_t>(generation), static_cast<uint32_t>(epoch)};
  cursor.index = Index(index);
  cursor.lsn = Lsn(lsn);
  return cursor;
}

absl::Status SaveCursor(const std::string& path, const Cursor& cursor) {
  std::string fresh = absl::StrCat(path, ".new");
  errno = 0;
  if (!WriteNewFile(fresh, CursorText(cursor))) return FileError("write", fresh);
  if (rename(fresh.c_str(), path.c_str()) != 0) return FileError("replace", path);
  return absl::OkStatus();
}

absl::StatusOr<Cursor> LoadCursor(const std::string& path) {
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return absl::NotFoundError(absl::StrCat("no file ", path));
  if (fd < 0) return FileError("open", path);
  std::string text(limits::kCursorFileBytesMax + 1, '\0');
  ssize_t n = read(fd, text.data(), text.size());
  int saved = errno;
  close(fd);
  errno = saved;
  if (n < 0) return FileError("read", path);
  text.resize(static_cast<size_t>(n));
  absl::StatusOr<Cursor> cursor = ParseCursor(text);
  if (cursor.ok()) return cursor;
  return absl::InvalidArgumentError(
      absl::StrCat(path, " is ", std::string(cursor.status().message())));
}

}  // namespace ringjournal::client
