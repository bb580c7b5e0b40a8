// The one table of settings: flags, environment, configuration file and documents are made from it.
#ifndef SERVER_CONFIG_SETTINGS_H_
#define SERVER_CONFIG_SETTINGS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/config/options.h"

namespace ringjournal {

// How a setting is written in TOML.
enum class SettingKind {
  kText,    // key = "text"; sizes and durations too, since they carry a unit
  kCount,   // key = 12
  kSwitch,  // key = true
};

struct Setting {
  const char* key;          // "data-dir": the file's key; with "--" in front, the flag
  const char* environment;  // "RINGJOURNAL_DATA_DIR"
  const char* placeholder;  // "DIR"; empty for a switch
  SettingKind kind;
  std::string meaning;       // a sentence without full stop, with the units that are accepted
  std::string default_text;  // for people: "8GiB", "required", "not written"
  std::string reason;        // why the default is what it is
  // Takes one value, or says what is wrong with it (never naming the setting: the caller does).
  absl::Status (*set)(const std::string& text, ServerOptions* options);
  // The text that `set` reads back; empty if it is not set.
  std::string (*get)(const ServerOptions& options);

  std::string flag() const { return std::string("--") + key; }
};

// Every setting, in the order in which people are shown them.
const std::vector<Setting>& Settings();

// The position in Settings() of a key, or -1.
int FindSetting(const std::string& key);

// What has no fixed default: it depends on the user.
ServerOptions DefaultOptions(unsigned uid);

// OK, or why these valid values cannot stand together, with the sentence that mends it.
// `config_path`: the file that they came from, if any. Looks at no file.
absl::Status CheckTogether(const ServerOptions& options, const std::string& config_path);

}  // namespace ringjournal

#endif  // SERVER_CONFIG_SETTINGS_H_
