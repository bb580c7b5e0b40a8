#include "server/config/config_file.h"

#include <algorithm>
#include <string>

// toml++ reports through its result instead of exceptions.
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "absl/strings/str_cat.h"
#include "journal/base/limits.h"
#include "journal/base/units.h"
#include "server/config/nearest_word.h"
#include "server/config/secret_name.h"
#include "server/config/settings.h"

namespace ringjournal {
namespace {

absl::Status Mistake(const std::string& path, unsigned line, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ":", line, ": ", what));
}

std::string Quoted(std::string_view key) {
  constexpr size_t kShownBytesMax = 64;
  std::string text = "\"";
  for (char c : key.substr(0, kShownBytesMax)) {
    text.push_back(c >= 0x20 && c < 0x7f ? c : '?');
  }
  return text.append(key.size() > kShownBytesMax ? "…\"" : "\"");
}

std::string UnknownKey(const std::string& key) {
  if (LooksLikeSecret(key)) {
    return absl::StrCat("there is no setting ", Quoted(key),
                        ": this version has no authentication and takes no secrets; remove the "
                        "line, and change the secret if it was a real one");
  }
  std::vector<std::string> keys;
  for (const Setting& setting : Settings()) keys.push_back(setting.key);
  std::string plain = key;
  std::replace(plain.begin(), plain.end(), '_', '-');
  const std::string nearest = NearestWord(plain, keys);
  return absl::StrCat("there is no setting ", Quoted(key),
                      nearest.empty() ? "; `ringjournald --help` lists them all"
                                      : absl::StrCat("; did you mean ", nearest, "?"));
}

// Why a value of this type cannot be `setting`'s, with an example of how to write it.
std::string WrongType(const Setting& setting, const toml::node& value) {
  const char* article = value.is_integer() || value.is_array() ? "an " : "a ";
  const std::string type = absl::StrCat(article, value.is_integer()          ? "integer"
                                                 : value.is_floating_point() ? "number with a point"
                                                 : value.is_boolean()        ? "boolean"
                                                 : value.is_string()         ? "string"
                                                 : value.is_array()          ? "array"
                                                 : value.is_table()          ? "table"
                                                                             : "date or time");
  std::string example = setting.get(ServerOptions());
  if (example.empty()) example = setting.placeholder;
  std::string wanted = absl::StrCat("write it in quotes: ", setting.key, " = \"", example, "\"");
  if (setting.kind == SettingKind::kCount) {
    wanted = absl::StrCat("write a whole number without quotes: ", setting.key, " = ",
                          setting.default_text);
  } else if (setting.kind == SettingKind::kSwitch) {
    wanted = absl::StrCat("write true or false without quotes: ", setting.key, " = true");
  }
  return absl::StrCat(setting.key, " is ", type, " here; ", wanted, " (", setting.meaning, ")");
}

// The value as Setting::set reads it. False if the type does not fit.
bool TextOf(const Setting& setting, const toml::node& value, std::string* text) {
  switch (setting.kind) {
    case SettingKind::kText:
      if (const auto* string = value.as_string()) {
        *text = string->get();
        return true;
      }
      return false;
    case SettingKind::kCount:
      if (const auto* integer = value.as_integer()) {
        *text = std::to_string(integer->get());
        return true;
      }
      return false;
    case SettingKind::kSwitch:
      if (const auto* boolean = value.as_boolean()) {
        *text = boolean->get() ? "true" : "false";
        return true;
      }
      return false;
  }
  return false;
}

// The end of the string that starts at `from` with a quote.
size_t EndOfString(std::string_view text, size_t from) {
  const char quote = text[from];
  const bool triple = text.substr(from, 3) == std::string(3, quote);
  for (size_t i = from + (triple ? 3 : 1); i < text.size(); ++i) {
    if (text[i] == '\\' && quote == '"') {
      ++i;
    } else if (!triple && (text[i] == quote || text[i] == '\n')) {
      return i + (text[i] == quote ? 1 : 0);
    } else if (triple && text.substr(i, 3) == std::string(3, quote)) {
      // One or two quotes more belong to the text.
      for (i += 3; i < text.size() && text[i] == quote; ++i) {
      }
      return i;
    }
  }
  return text.size();
}

// True if a quote at `at` opens a string: a key or a value starts there. Elsewhere it is a mistake,
// behind which nothing counts as text.
bool OpensString(std::string_view text, size_t at) {
  while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\t')) --at;
  return at == 0 || std::string_view("=\n[{,.").find(text[at - 1]) != std::string_view::npos;
}

// The line of the first byte above ASCII that stands outside of strings and comments; 0: there is
// none. No TOML has one there, and toml++ 3.3 has undefined behaviour when it meets some of them.
unsigned LineOfStrayLetter(std::string_view text) {
  size_t i = text.starts_with("\xef\xbb\xbf") ? 3 : 0;
  while (i < text.size()) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x80) {
      return 1 + static_cast<unsigned>(
                     std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(i), '\n'));
    }
    if (c == '#') {
      i = std::min(text.find('\n', i), text.size());
    } else if ((c == '"' || c == '\'') && OpensString(text, i)) {
      i = EndOfString(text, i);
    } else {
      ++i;
    }
  }
  return 0;
}

// The same with an x for each byte above ASCII: what is TOML with it is well-formed enough for
// LineOfStrayLetter to know what stands in quotes, and nothing in it meets the undefined behaviour.
std::string Shape(std::string_view text) {
  std::string shape(text.substr(text.starts_with("\xef\xbb\xbf") ? 3 : 0));
  for (char& c : shape) {
    if (static_cast<unsigned char>(c) >= 0x80) c = 'x';
  }
  return shape;
}

absl::Status NotToml(const std::string& path, const toml::parse_error& error) {
  return Mistake(path, error.source().begin.line,
                 absl::StrCat("this is not TOML: ", std::string(error.description()),
                              "; a line is KEY = VALUE, with text in quotes"));
}

}  // namespace

absl::StatusOr<std::vector<FileSetting>> ParseConfigFile(std::string_view content,
                                                         const std::string& path) {
  if (content.size() > limits::kConfigFileBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is larger than ", FormatBytes(limits::kConfigFileBytesMax),
                     ", which no configuration needs; name the TOML file"));
  }
  if (const unsigned line = LineOfStrayLetter(content); line > 0) {
    return Mistake(path, line,
                   "this is not TOML: a letter outside ASCII stands outside of quotes; "
                   "put text in quotes, and replace special blanks by plain ones");
  }
  const toml::parse_result shape = toml::parse(Shape(content));
  if (!shape) return NotToml(path, shape.error());
  const toml::parse_result parsed = toml::parse(content);
  if (!parsed) return NotToml(path, parsed.error());
  std::vector<FileSetting> settings;
  for (const auto& [key, value] : parsed.table()) {
    FileSetting found;
    found.line = key.source().begin.line;
    const std::string name(key.str());
    const int position = FindSetting(name);
    if (position < 0) return Mistake(path, found.line, UnknownKey(name));
    found.setting = static_cast<size_t>(position);
    const Setting& setting = Settings()[found.setting];
    if (!TextOf(setting, value, &found.text)) {
      return Mistake(path, found.line, WrongType(setting, value));
    }
    settings.push_back(std::move(found));
  }
  // The order of the file: the first mistake is the one that is told.
  std::sort(settings.begin(), settings.end(),
            [](const FileSetting& a, const FileSetting& b) { return a.line < b.line; });
  return settings;
}

}  // namespace ringjournal
