#include "client/client.h"

#include <utility>

#include "client/servers.h"

namespace ringjournal::client {

struct Client::Impl {
  std::shared_ptr<const ClientOptions> options;
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

absl::StatusOr<std::unique_ptr<Client>> Client::Open(const ClientOptions& options) {
  absl::StatusOr<std::vector<std::string>> servers = ParseServers(options.server);
  if (!servers.ok()) return servers.status();
  auto impl = std::make_unique<Impl>();
  impl->options = std::make_shared<const ClientOptions>(options);
  return std::unique_ptr<Client>(new Client(std::move(impl)));
}

client::Journal Client::Journal(std::string name) const {
  return client::Journal(impl_->options, std::move(name));
}

absl::StatusOr<std::vector<JournalInfo>> Client::ListJournals(Timeout timeout) const {
  return internal::ListJournals(*impl_->options, timeout);
}

absl::Status Client::Ping(Timeout timeout) const {
  return internal::Ping(*impl_->options, timeout);
}

}  // namespace ringjournal::client
