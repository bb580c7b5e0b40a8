#include "tools/ringjournal/template.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "journal/base/bytes.h"
#include "journal/format/append_scan.h"
#include "proto/entry.pb.h"
#include "tools/ringjournal/output.h"

namespace ringjournal::cli {
namespace {

constexpr std::string_view kPlaces = "sSkKotTxgeiyh";
constexpr uint32_t kTypeField = 2, kKeyField = 3, kIdField = 4;

absl::Status Wrong(std::string_view text, size_t at, const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat("--format '", std::string(text), "', character ",
                                                 at + 1, ": ", why,
                                                 "; --help lists what can stand there"));
}

// The character that an escape behind a backslash stands for; moves *at to its last character.
absl::StatusOr<char> Escape(std::string_view text, size_t* at) {
  size_t begin = *at;
  if (++*at >= text.size()) return Wrong(text, begin, "a backslash at the end");
  switch (text[*at]) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case '0':
      return '\0';
    case '\\':
      return '\\';
    case 'x': {
      uint32_t value = 0;
      std::string digits(text.substr(*at + 1, 2));
      if (digits.size() != 2 || !absl::SimpleHexAtoi(digits, &value)) {
        return Wrong(text, begin, "two hexadecimal digits stand behind \\x");
      }
      *at += 2;
      return static_cast<char>(value);
    }
    default:
      return Wrong(text, begin, "no such escape");
  }
}

void AppendHeaders(ByteSpan encoded, std::string* out) {
  v1::Transaction transaction;
  if (!transaction.ParseFromArray(encoded.data(), static_cast<int>(encoded.size()))) return;
  bool first = true;
  for (const v1::Header& header : transaction.headers()) {
    absl::StrAppend(out, first ? "" : ",", header.name(), "=", header.value());
    first = false;
  }
}

void AppendField(ByteSpan encoded, uint32_t number, std::string* out) {
  out->append(AsView(TransactionField(encoded, number)));
}

void AppendPlace(const client::ReadTransaction& t, char place, std::string* out) {
  switch (place) {
    case 's':
      out->append(AsView(t.payload));
      return;
    case 'S':
      return absl::StrAppend(out, t.payload.size());
    case 'k':
      return AppendField(t.encoded, kKeyField, out);
    case 'K':
      return absl::StrAppend(out, TransactionField(t.encoded, kKeyField).size());
    case 'o':
      return absl::StrAppend(out, t.lsn.value());
    case 't':
      return absl::StrAppend(out, t.log_time_ns);
    case 'T':
      return absl::StrAppend(out, FormatTime(t.log_time_ns));
    case 'x':
      return absl::StrAppend(out, t.index.value());
    case 'g':
      return absl::StrAppend(out, t.epoch.generation);
    case 'e':
      return absl::StrAppend(out, t.epoch.epoch);
    case 'i':
      return AppendField(t.encoded, kIdField, out);
    case 'y':
      return AppendField(t.encoded, kTypeField, out);
    default:
      return AppendHeaders(t.encoded, out);
  }
}

}  // namespace

const char kTemplateHelp[] =
    "FORMAT of one's own, such as '%o %T %k %s\\n':\n"
    "  %s payload  %S its bytes   %k key         %K its bytes  %o LSN    %x index of the entry\n"
    "  %T log time %t log time, ns  %i id        %y type       %h headers %g generation  %e epoch\n"
    "  %% a percent sign; \\n \\t \\r \\0 \\\\ \\xHH\n";

absl::StatusOr<Template> Template::Parse(std::string_view text) {
  Template result;
  std::string literal;
  auto flush = [&] {
    if (!literal.empty()) result.pieces_.push_back({0, literal});
    literal.clear();
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      absl::StatusOr<char> c = Escape(text, &i);
      if (!c.ok()) return c.status();
      literal += *c;
    } else if (text[i] != '%') {
      literal += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == '%') {
      literal += text[++i];
    } else if (i + 1 < text.size() && kPlaces.find(text[i + 1]) != std::string_view::npos) {
      flush();
      result.pieces_.push_back({text[++i], ""});
    } else {
      return Wrong(text, i, "a % without a known letter");
    }
  }
  flush();
  return result;
}

void Template::Append(const client::ReadTransaction& transaction, std::string* out) const {
  for (const Piece& piece : pieces_) {
    if (piece.place == 0) {
      out->append(piece.text);
    } else {
      AppendPlace(transaction, piece.place, out);
    }
  }
}

}  // namespace ringjournal::cli
