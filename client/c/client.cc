#include "client/client.h"

#include <utility>

#include "client/c/boundary.h"
#include "client/c/handles.h"

namespace ringjournal::client::c {
namespace {

// 0 stands for the default, which is there already.
void PutDuration(int64_t given, int64_t* out) {
  if (given != 0) *out = std::max<int64_t>(DurationOf(given).count(), 0);
}

absl::StatusOr<ClientOptions> OptionsOf(const char* servers, const rj_client_options* given) {
  rj_client_options options;
  absl::Status status =
      FirstOf(CheckNotNull("servers", servers), TakeStruct("options", given, &options));
  if (status.ok()) status = CheckZero("options->reserved", options.reserved);
  if (!status.ok()) return status;
  ClientOptions out;
  out.server = servers;
  if (options.client_name != nullptr) out.client_name = options.client_name;
  PutDuration(options.retry_for_ns, &out.retry_for_ns);
  PutDuration(options.connect_timeout_ns, &out.connect_timeout_ns);
  PutDuration(options.request_timeout_ns, &out.request_timeout_ns);
  PutDuration(options.notice_after_ns, &out.notice_after_ns);
  out.busy_poll = options.busy_poll != 0;
  out.interrupt_fd = options.interrupt_fd > 0 ? options.interrupt_fd : -1;
  if (auto notice = options.on_notice; notice != nullptr) {
    out.on_notice = [notice, user = options.user](std::string_view line) {
      notice(user, std::string(line).c_str());
    };
  }
  return out;
}

absl::Status Open(const char* servers, const rj_client_options* options, rj_client** client) {
  if (absl::Status status = CheckNotNull("client", client); !status.ok()) return status;
  *client = nullptr;
  absl::StatusOr<ClientOptions> mine = OptionsOf(servers, options);
  if (!mine.ok()) return mine.status();
  absl::StatusOr<std::unique_ptr<Client>> opened = Client::Open(*mine);
  if (!opened.ok()) return opened.status();
  *client = new rj_client{.client = *std::move(opened)};
  return absl::OkStatus();
}

}  // namespace
}  // namespace ringjournal::client::c

namespace c = ringjournal::client::c;

rj_code rj_client_open(const char* servers, const rj_client_options* options, rj_client** client,
                       rj_error* error) {
  return c::Guarded(error, [&] { return c::Open(servers, options, client); });
}

rj_code rj_client_ping(const rj_client* client, int64_t timeout_ns, rj_error* error) {
  return c::Guarded(error, [&] {
    absl::Status status = c::CheckNotNull("client", client);
    return status.ok() ? client->client->Ping(c::DurationOf(timeout_ns)) : status;
  });
}

void rj_client_close(rj_client* client) { delete client; }
