// The settings as text: for --print-config and for docs/configuration.md.
#ifndef SERVER_CONFIG_PRINT_CONFIG_H_
#define SERVER_CONFIG_PRINT_CONFIG_H_

#include <span>
#include <string>

#include "server/config/options.h"

namespace ringjournal {

// TOML that ParseConfigFile reads back to the same options; a comment on each line says where the
// value comes from (`origins`, one for each of Settings()). What is not set is commented out.
std::string PrintConfig(const ServerOptions& options, std::span<const std::string> origins,
                        const std::string& version);

// Every setting as a table in Markdown: docs/configuration.md holds it, a test compares.
std::string SettingsTable();

}  // namespace ringjournal

#endif  // SERVER_CONFIG_PRINT_CONFIG_H_
