#include "server/config_store/config_store.h"

#include <utility>

namespace ringjournal {

ConfigRequest ConfigRequest::Read(uint64_t token) { return {.token = token, .kind = Kind::kRead}; }

ConfigRequest ConfigRequest::Cas(uint64_t token, uint64_t expected_version,
                                 v1::ConfigDocument document, std::string change_id) {
  return {.token = token,
          .kind = Kind::kCas,
          .expected_version = expected_version,
          .document = std::move(document),
          .change_id = std::move(change_id)};
}

ConfigRequest ConfigRequest::Register(uint64_t token, Registration registration) {
  return {.token = token, .kind = Kind::kRegister, .registration = std::move(registration)};
}

const char* ConfigOutcomeText(ConfigOutcome outcome) {
  switch (outcome) {
    case ConfigOutcome::kOk:
      return "ok";
    case ConfigOutcome::kConflict:
      return "conflict";
    case ConfigOutcome::kRefused:
      return "refused";
    case ConfigOutcome::kUnknown:
      break;
  }
  return "unknown";
}

}  // namespace ringjournal
