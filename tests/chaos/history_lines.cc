#include "tests/chaos/history_lines.h"

#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "absl/strings/str_cat.h"

namespace ringjournal::chaos {
namespace {

absl::Status BadLine(const std::string& line) {
  return absl::InvalidArgumentError(absl::StrCat("no line of a history: ", line));
}

// Calls take(line) for every whole line.
template <class Take>
absl::Status EachLine(const std::string& text, Take take) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (lines.eof()) break;  // no newline: half written
    if (!take(line)) return BadLine(line);
  }
  return absl::OkStatus();
}

// What stands behind the first `words` words.
std::string Rest(const std::string& line, int words) {
  size_t at = 0;
  for (int i = 0; i < words && at != std::string::npos; ++i) at = line.find(' ', at + 1);
  return at == std::string::npos ? "" : line.substr(at + 1);
}

bool AddEnded(const std::string& line, uint32_t producer, const std::string& reader,
              History* history) {
  int64_t ns = 0;
  if (std::sscanf(line.c_str() + 1, "%" SCNd64, &ns) != 1) return false;
  history->ended.push_back({producer, reader, ns, Rest(line, 2)});
  return true;
}

class ProducerLines {
 public:
  ProducerLines(uint32_t producer, History* history) : producer_(producer), history_(history) {}

  bool Take(const std::string& line) {
    switch (line.empty() ? ' ' : line[0]) {
      case 's':
        return Sent(line);
      case 'a':
        return Applied(line);
      case 'u':
        return Ended(line, Fate::kUnknown);
      case 'r':
        return Ended(line, Fate::kNotApplied);
      case 'l':
        return Told(line);
      case 'w':
        return AddEnded(line, producer_, "", history_);
      default:
        return false;
    }
  }

 private:
  bool Sent(const std::string& line) {
    SeenAppend a;
    a.first.producer = producer_;
    if (std::sscanf(line.c_str(), "s %" SCNu64 " %u %" SCNd64 " %d", &a.first.number, &a.count,
                    &a.sent_ns, &a.asked_level) != 4) {
      return false;
    }
    places_[a.first.number] = history_->appends.size();
    history_->appends.push_back(a);
    return true;
  }
  SeenAppend* Find(uint64_t number) {
    auto found = places_.find(number);
    return found == places_.end() ? nullptr : &history_->appends[found->second];
  }
  bool Applied(const std::string& line) {
    SeenAppend a;
    if (std::sscanf(line.c_str(),
                    "a %" SCNu64 " %" SCNd64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %u %u %d",
                    &a.first.number, &a.done_ns, &a.lsn, &a.index, &a.chain, &a.generation,
                    &a.epoch, &a.level) != 8) {
      return false;
    }
    SeenAppend* sent = Find(a.first.number);
    if (sent == nullptr || sent->fate != Fate::kNone) return false;
    a.first.producer = producer_;
    a.count = sent->count;
    a.sent_ns = sent->sent_ns;
    a.asked_level = sent->asked_level;
    a.fate = Fate::kApplied;
    *sent = a;
    return true;
  }
  bool Ended(const std::string& line, Fate fate) {
    uint64_t number = 0;
    int64_t ns = 0;
    if (std::sscanf(line.c_str() + 1, "%" SCNu64 " %" SCNd64, &number, &ns) != 2) return false;
    SeenAppend* sent = Find(number);
    if (sent == nullptr || sent->fate != Fate::kNone) return false;
    sent->fate = fate;
    sent->done_ns = ns;
    return true;
  }
  bool Told(const std::string& line) {
    ToldLoss l;
    l.producer = producer_;
    if (std::sscanf(line.c_str(), "l %" SCNd64 " %u %" SCNu64 " %" SCNu64, &l.ns, &l.generation,
                    &l.first_lsn, &l.receipt_lsn) != 4) {
      return false;
    }
    history_->told.push_back(l);
    return true;
  }

  uint32_t producer_;
  History* history_;
  std::map<uint64_t, size_t> places_;
};

bool TakeTail(const std::string& line, const std::string& who, History* history) {
  SeenTransaction t;
  if (std::sscanf(line.c_str(), "t %" SCNu64 " %" SCNu64 " %" SCNu64 " %u %u %u %" SCNu64, &t.lsn,
                  &t.index, &t.chain, &t.generation, &t.epoch, &t.name.producer,
                  &t.name.number) == 7) {
    history->tails.back().push_back(t);
    return true;
  }
  if (line.rfind("l ", 0) == 0) return true;  // its losses are judged by what it was given next
  return line.rfind("e ", 0) == 0 && AddEnded(line, 0, who, history);
}

absl::StatusOr<std::string> ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  std::ostringstream all;
  all << file.rdbuf();
  return all.str();
}

}  // namespace

absl::Status AddLines(const std::string& text, uint32_t producer, History* history) {
  ProducerLines lines(producer, history);
  return EachLine(text, [&](const std::string& line) { return lines.Take(line); });
}

absl::Status AddTail(const std::string& text, const std::string& who, History* history) {
  history->tails.emplace_back();
  return EachLine(text, [&](const std::string& line) { return TakeTail(line, who, history); });
}

absl::StatusOr<History> ReadHistory(const std::string& folder) {
  History history;
  for (const char kind : {'p', 't'}) {
    for (uint32_t i = 1;; ++i) {
      const std::string path = absl::StrCat(folder, "/", std::string(1, kind), i, ".history");
      if (!std::filesystem::exists(path)) break;
      absl::StatusOr<std::string> text = ReadAll(path);
      if (!text.ok()) return text.status();
      absl::Status added = kind == 'p' ? AddLines(*text, i, &history)
                                       : AddTail(*text, absl::StrCat("reader ", i), &history);
      if (!added.ok()) return added;
    }
  }
  if (history.appends.empty()) return absl::NotFoundError("no history in " + folder);
  return history;
}

absl::StatusOr<std::vector<Report>> ReadReports(const std::string& path) {
  absl::StatusOr<std::string> text = ReadAll(path);
  if (!text.ok()) return text.status();
  std::vector<Report> reports;
  absl::Status read = EachLine(*text, [&](const std::string& line) {
    std::istringstream words(line);
    Report r;
    words >> r.generation >> r.first_lsn >> r.known_committed_lsn;
    for (std::string word; words >> word;) r.verdicts.push_back(word);
    reports.push_back(r);
    return r.verdicts.size() == 4;
  });
  if (!read.ok()) return read;
  return reports;
}

}  // namespace ringjournal::chaos
