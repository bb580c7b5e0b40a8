#include "server/config/secret_name.h"

#include <array>

namespace ringjournal {
namespace {

constexpr std::array<std::string_view, 10> kWords = {
    "password", "passwd", "passphrase", "pwd",         "secret",
    "token",    "apikey", "credential", "credentials", "auth"};

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool IsSecretWord(const std::string& word, bool last_word, bool only_word) {
  for (std::string_view secret : kWords) {
    if (word == secret) return true;
  }
  // "tls-key", "private-key"; a bare "--key" is a transaction's key elsewhere.
  return word == "key" && last_word && !only_word;
}

}  // namespace

bool LooksLikeSecret(std::string_view name) {
  // Where the secret stands may be told.
  if (name.ends_with("-file") || name.ends_with("_FILE")) return false;
  std::string word;
  bool only_word = true;
  for (size_t i = 0; i <= name.size(); ++i) {
    if (i < name.size() && IsLetter(name[i])) {
      word.push_back(static_cast<char>(name[i] | 0x20));
      continue;
    }
    if (word.empty()) continue;
    if (IsSecretWord(word, i == name.size(), only_word)) return true;
    only_word = false;
    word.clear();
  }
  return false;
}

std::string RefuseSecrets(std::span<const char* const> arguments) {
  for (std::string_view argument : arguments) {
    if (argument == "--") break;
    if (!argument.starts_with("--")) continue;
    const std::string_view name = argument.substr(0, argument.find('='));
    if (!LooksLikeSecret(name)) continue;
    std::string text(name);
    return text.append(
        " is refused: a secret on the command line can be read by every user of this machine, and "
        "stays in the shell's history. Leave the flag out, and change the secret if it was a real "
        "one; where one is needed it stands in a file, such as --etcd-password-file's");
  }
  return "";
}

}  // namespace ringjournal
