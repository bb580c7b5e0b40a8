#include "server/log/format.h"

#include <cstdint>
#include <cstdio>
#include <type_traits>

#include "journal/base/bytes.h"
#include "journal/base/limits.h"
#include "journal/format/utf8.h"

namespace ringjournal {
namespace {

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool NeedsQuotes(std::string_view text) {
  if (text.empty()) return true;
  for (char c : text) {
    if (IsControl(c) || c == ' ' || c == '"' || c == '=' || c == '\\') return true;
  }
  return !IsUtf8(AsBytes(text));
}

void AppendHex(char c, std::string* out) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const uint8_t byte = static_cast<uint8_t>(c);
  out->append("\\x").push_back(kDigits[byte >> 4]);
  out->push_back(kDigits[byte & 15]);
}

void AppendQuoted(std::string_view text, std::string* out) {
  // In what is not UTF-8 as a whole, every byte above ASCII is escaped.
  const bool utf8 = IsUtf8(AsBytes(text));
  out->push_back('"');
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out->append("\\").push_back(c);
    } else if (c == '\n') {
      out->append("\\n");
    } else if (IsControl(c) || (!utf8 && static_cast<unsigned char>(c) >= 0x80)) {
      AppendHex(c, out);
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

void AppendValue(const LogValue& value, std::string* out) {
  std::visit(
      [out](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::string_view>) {
          // A value longer than a line is cut before the work of escaping it.
          const std::string_view text = v.substr(0, limits::kLogLineBytesMax);
          NeedsQuotes(text) ? AppendQuoted(text, out) : static_cast<void>(out->append(text));
        } else if constexpr (std::is_same_v<T, bool>) {
          out->append(v ? "true" : "false");
        } else if constexpr (std::is_same_v<T, double>) {
          char digits[32];
          std::snprintf(digits, sizeof digits, "%.6g", v);
          out->append(digits);
        } else {
          out->append(std::to_string(v));
        }
      },
      value.get());
}

}  // namespace

std::string FormatEvent(LogLevel level, std::string_view event,
                        std::initializer_list<LogField> fields) {
  std::string line = "level=";
  line.append(LogLevelText(level)).append(" event=").append(event);
  for (const LogField& field : fields) {
    line.append(" ").append(field.key).append("=");
    AppendValue(field.value, &line);
  }
  return line;
}

}  // namespace ringjournal
