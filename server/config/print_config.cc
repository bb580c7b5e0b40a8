#include "server/config/print_config.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "journal/base/check.h"
#include "server/config/settings.h"

namespace ringjournal {
namespace {

// A basic string of TOML.
std::string TomlString(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append("\\").push_back(c);
    } else if (byte < 0x20 || byte == 0x7f) {
      out.append(absl::StrFormat("\\u%04X", byte));
    } else {
      out.push_back(c);
    }
  }
  return out + "\"";
}

std::string Assignment(const Setting& setting, const std::string& text) {
  if (text.empty()) return absl::StrCat("# ", setting.key, " = \"", setting.placeholder, "\"");
  const bool quoted = setting.kind == SettingKind::kText;
  return absl::StrCat(setting.key, " = ", quoted ? TomlString(text) : text);
}

// A comment ends with its line.
std::string OneLine(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return text;
}

}  // namespace

std::string PrintConfig(const ServerOptions& options, std::span<const std::string> origins,
                        const std::string& version) {
  RJ_CHECK(origins.size() == Settings().size());
  constexpr size_t kCommentColumn = 44;
  std::string out = absl::StrCat("# ringjournald ", version,
                                 ": the settings in effect, and where each comes from.\n");
  for (size_t i = 0; i < origins.size(); ++i) {
    const Setting& setting = Settings()[i];
    const std::string text = setting.get(options);
    std::string line = Assignment(setting, text);
    line.append(line.size() < kCommentColumn ? kCommentColumn - line.size() : 1, ' ');
    const bool unset = text.empty();
    absl::StrAppend(&out, line, "# ", OneLine(origins[i]),
                    unset ? absl::StrCat(": ", setting.default_text) : "", "\n");
  }
  return out;
}

std::string SettingsTable() {
  std::string out =
      "| key, and flag with `--` in front | variable | value | default, and why | meaning |\n"
      "|---|---|---|---|---|\n";
  for (const Setting& s : Settings()) {
    const std::string value = s.kind == SettingKind::kSwitch ? "true or false" : s.placeholder;
    absl::StrAppend(&out, "| `", s.key, "` | `", s.environment, "` | ", value, " | ",
                    s.default_text, ": ", s.reason, " | ", s.meaning, " |\n");
  }
  return out;
}

}  // namespace ringjournal
