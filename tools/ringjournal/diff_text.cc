#include "tools/ringjournal/diff_text.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/ringjournal/inspect.h"
#include "tools/ringjournal/json.h"
#include "tools/ringjournal/words.h"

namespace ringjournal::cli {
namespace {

constexpr size_t kHexRow = 16;
constexpr size_t kHexRows = 3;  // one before the row that differs, and one behind it

std::string LsnRange(uint64_t first, uint64_t last) {
  return first == last ? absl::StrCat("LSN ", first) : absl::StrCat("LSN ", first, "–", last);
}

std::string SameText(const DiffResult& r) {
  if (r.entries == 0) return "nothing";
  return absl::StrFormat("%s, %s, %s %016x", Counted(r.transactions, "transaction"),
                         LsnRange(r.first_lsn, r.last_lsn),
                         r.transactions_only ? "range hash" : "chain", r.hash);
}

std::string OnlyText(const OnlyOne& only, const DiffNames& names) {
  const char other = only.side == 'A' ? 'B' : 'A';
  const std::string& bounds = other == 'A' ? names.a_bounds : names.b_bounds;
  if (!only.has_transactions()) {
    return absl::StrFormat("only %c: %s without an LSN, at the %s\n", only.side,
                           Counted(only.entries, "control record"),
                           only.at_start ? "start" : "end");
  }
  return absl::StrFormat("only %c: %s (%s); %c %s%s\n", only.side,
                         LsnRange(only.first_lsn, only.last_lsn),
                         only.entries == 1 ? "1 entry" : absl::StrCat(only.entries, " entries"),
                         other, only.at_start ? "begins later" : "ends earlier",
                         bounds.empty() ? "" : absl::StrCat(": ", bounds));
}

// Bytes around `at`, as hexdump -C shows them.
std::string Hex(char side, std::string_view bytes, size_t at) {
  std::string out;
  size_t row = at / kHexRow * kHexRow;
  row -= std::min(row, kHexRow);
  for (size_t i = 0; i < kHexRows && row < bytes.size(); ++i, row += kHexRow) {
    const std::string_view piece = bytes.substr(row, kHexRow);
    std::string hex, text;
    for (size_t k = 0; k < kHexRow; ++k) {
      const bool there = k < piece.size();
      const auto byte = there ? static_cast<unsigned char>(piece[k]) : 0u;
      hex += there ? absl::StrFormat(row + k == at ? "[%02x]" : " %02x ", byte) : "    ";
      if (there) text += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '.';
    }
    absl::StrAppendFormat(&out, "%c  %06d %s |%s|\n", side, row, hex, text);
  }
  if (out.empty()) return absl::StrFormat("%c  has no byte there\n", side);
  return out;
}

bool HasHeader(const DiffPlace& place) {
  return place.record.size() >= kRecordOverheadBytes &&
         static_cast<std::byte>(place.record[0]) == kEntryTag;
}

uint64_t FieldValue(const DiffPlace& place, const HeaderField& field) {
  const auto* at =
      reinterpret_cast<const std::byte*>(place.record.data()) + kRecordPrefixBytes + field.offset;
  return field.width == 8 ? Load64(at) : Load32(at);
}

// The fields of the headers that differ.
std::string FieldsText(const Difference& d) {
  if (!HasHeader(d.a) || !HasHeader(d.b)) return "";
  std::string out;
  for (const HeaderField& field : kHeaderLayout) {
    const uint64_t a = FieldValue(d.a, field), b = FieldValue(d.b, field);
    if (a == b) continue;
    const bool hash =
        std::string_view(field.name) == "chain" || std::string_view(field.name).ends_with("crc32c");
    const std::string text =
        hash ? absl::StrFormat("%0*x  B %0*x", 2 * field.width, a, 2 * field.width, b)
             : absl::StrFormat("%d  B %d", a, b);
    absl::StrAppendFormat(&out, "   %-16s A %s\n", field.name, text);
  }
  return out.empty() ? "   the headers are the same\n" : out;
}

std::string WhereInRecord(const Difference& d) {
  if (d.first_byte < kRecordPrefixBytes) return "before its header";
  for (const HeaderField& field : kHeaderLayout) {
    const size_t begin = kRecordPrefixBytes + field.offset;
    if (d.first_byte >= begin && d.first_byte < begin + static_cast<size_t>(field.width)) {
      return absl::StrCat("in ", field.name, " of the header");
    }
  }
  if (d.first_byte < kRecordOverheadBytes) return "in the header";
  return absl::StrCat("byte ", d.first_byte - kRecordOverheadBytes, " of the transactions");
}

std::string PlaceText(char side, const DiffPlace& place, const std::string& name) {
  std::string out = absl::StrFormat("%c  %s\n", side, name);
  if (!place.held) return out + "     does not reach there\n";
  if (!place.wrong.empty()) absl::StrAppend(&out, "     does not verify: ", place.wrong, "\n");
  if (place.wrong.empty() || place.header.body_length > 0) out += EntryHeaderText(place.header);
  return out;
}

// What to do about it.
std::string Advice(const Difference& d, bool transactions_only) {
  const bool bad_a = !d.a.wrong.empty(), bad_b = !d.b.wrong.empty();
  if (bad_a && bad_b) {
    return "Neither side verifies there: keep both, and compare each with a third copy.\n";
  }
  if (bad_a || bad_b) {
    const char bad = bad_a ? 'A' : 'B', good = bad_a ? 'B' : 'A';
    const bool proven = bad_a ? d.b.held : d.a.held;
    if (bad_a ? d.a.torn : d.b.torn) {
      return absl::StrFormat(
          "%c ends there in bytes that were not yet known to be on disk: a killed server leaves "
          "such a\ntorn tail, and starts without it. After an orderly stop it is damage.\n",
          bad);
    }
    if (!proven) return absl::StrFormat("%c is damaged where the other side holds nothing.\n", bad);
    return absl::StrFormat(
        "%c is damaged, %c verifies. Keep the bytes of %c; if it is a node's, stop that node, "
        "move\n"
        "its data directory away and start it again: it gets the journal from the others.\n",
        bad, good, bad);
  }
  if (transactions_only) {
    return "Both sides verify: what was written differs from here on, or one left something out.\n";
  }
  if (d.a.header.epoch != d.b.header.epoch) {
    return "Both sides verify, in different epochs: below what is committed that must not be, so "
           "keep\nboth. At the end of a stopped node's log it may be what was never committed: "
           "when that node\nstarts again and follows its leader, such a tail is cut.\n";
  }
  return "Both sides verify, and one epoch has written both: that must not be. Keep all copies as "
         "they\nare, do not restart a node, and report it with this output.\n";
}

std::string DifferenceText(const DiffResult& r, const DiffNames& names) {
  const Difference& d = *r.difference;
  std::string out = absl::StrFormat("different: LSN %d (entry %d); before it the same: %s\n\n",
                                    d.lsn, d.index, SameText(r));
  absl::StrAppend(&out, PlaceText('A', d.a, names.a), PlaceText('B', d.b, names.b));
  if (d.a.held && d.b.held) {
    absl::StrAppend(&out, "\n", FieldsText(d));
    if (!r.transactions_only) {
      absl::StrAppendFormat(&out, "   first different byte of the record: %d, %s\n", d.first_byte,
                            WhereInRecord(d));
    }
    const size_t at = r.transactions_only ? kRecordOverheadBytes : d.first_byte;
    absl::StrAppend(&out, "\n", Hex('A', d.a.record, at), Hex('B', d.b.record, at));
  }
  return absl::StrCat(out, "\n", Advice(d, r.transactions_only));
}

std::string Number(const char* name, uint64_t value) {
  return absl::StrCat(",\"", name, "\":\"", value, "\"");
}

std::string PlaceJson(const DiffPlace& place) {
  if (!place.held) return "null";
  std::string hex;
  const std::string_view bytes = std::string_view(place.record).substr(0, 4096);
  for (char c : bytes) absl::StrAppendFormat(&hex, "%02x", static_cast<unsigned char>(c));
  return absl::StrCat("{\"verifies\":", place.wrong.empty() ? "true" : "false",
                      ",\"wrong\":", JsonString(place.wrong),
                      ",\"header\":", EntryHeaderJson(place.header), ",\"record\":\"", hex, "\"}");
}

}  // namespace

std::string DiffText(const DiffResult& r, const DiffNames& names) {
  std::string only;
  for (const OnlyOne& one : r.only) only += OnlyText(one, names);
  if (r.nothing_in_common && !r.difference.has_value()) {
    return absl::StrCat("nothing to compare: the two have no entry in common\n", only);
  }
  if (r.difference.has_value()) return absl::StrCat(DifferenceText(r, names), only);
  return absl::StrCat("same: ", SameText(r), "\n", only);
}

std::string DiffJson(const DiffResult& r, const DiffNames& names) {
  std::string out =
      absl::StrCat("{\"same\":", r.difference.has_value() || r.nothing_in_common ? "false" : "true",
                   ",\"a\":", JsonString(names.a), ",\"b\":", JsonString(names.b),
                   ",\"compared\":", r.transactions_only ? "\"transactions\"" : "\"entries\"",
                   Number("transactions", r.transactions), Number("entries", r.entries),
                   Number("firstLsn", r.first_lsn), Number("lastLsn", r.last_lsn));
  absl::StrAppendFormat(&out, ",\"%s\":\"%016x\"", r.transactions_only ? "rangeHash" : "chain",
                        r.hash);
  if (r.difference.has_value()) {
    const Difference& d = *r.difference;
    absl::StrAppend(&out, ",\"difference\":{\"lsn\":\"", d.lsn, "\"", Number("index", d.index),
                    Number("firstByte", d.first_byte), ",\"a\":", PlaceJson(d.a),
                    ",\"b\":", PlaceJson(d.b), "}");
  }
  auto only = [](std::string* text, const OnlyOne& one) {
    absl::StrAppend(text, "{\"side\":\"", std::string(1, one.side), "\"",
                    Number("firstLsn", one.first_lsn), Number("lastLsn", one.last_lsn),
                    Number("entries", one.entries),
                    ",\"atStart\":", one.at_start ? "true" : "false", "}");
  };
  return absl::StrCat(out, ",\"only\":[", absl::StrJoin(r.only, ",", only), "]}\n");
}

}  // namespace ringjournal::cli
