// Secrets never stand on a command line, where every user of the machine can read them.
#ifndef SERVER_CONFIG_SECRET_NAME_H_
#define SERVER_CONFIG_SECRET_NAME_H_

#include <span>
#include <string>
#include <string_view>

namespace ringjournal {

// True if something of this name would hold a secret: "--password", "api-token", "tls_key"; not if
// it names a file: "--password-file".
bool LooksLikeSecret(std::string_view name);

// The first argument that would carry a secret, as a sentence that names the flag and never its
// value; empty if there is none. Looks at flags ("--name" and "--name=value"), up to "--".
std::string RefuseSecrets(std::span<const char* const> arguments);

}  // namespace ringjournal

#endif  // SERVER_CONFIG_SECRET_NAME_H_
