// Messages of both directions: what is read is written and read again without a change.
#include "journal/base/check.h"
#include "proto/client.pb.h"
#include "tests/fuzz/target.h"

namespace ringjournal::fuzz {
namespace {

template <class Message>
bool RoundTrips(ByteSpan input, Message* message) {
  if (!message->ParseFromArray(input.data(), static_cast<int>(input.size()))) return false;
  const std::string written = message->SerializeAsString();
  Message again;
  RJ_CHECK(again.ParseFromString(written));
  RJ_CHECK(again.SerializeAsString() == written);
  RJ_CHECK(again.message_case() == message->message_case());
  return true;
}

template <class Message>
std::string KindOf(const Message& message) {
  const auto* field = Message::descriptor()->FindFieldByNumber(message.message_case());
  return field == nullptr ? "empty" : field->name();
}

}  // namespace

std::string Decode(ByteSpan input) {
  v1::ClientMessage from_client;
  v1::ServerMessage from_server;
  const bool client = RoundTrips(input, &from_client), server = RoundTrips(input, &from_server);
  if (client) return "client " + KindOf(from_client);
  return server ? "server " + KindOf(from_server) : "no message";
}

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds = {"", "\xff\xff\xff"};
  const auto add = [&seeds](const google::protobuf::Message& m) {
    seeds.push_back(m.SerializeAsString());
  };
  v1::ClientMessage c;
  c.mutable_hello()->set_client_name("fuzz");
  add(c);
  c.mutable_open()->set_journal("orders");
  c.mutable_open()->mutable_last_receipt();
  add(c);
  c.mutable_read()->mutable_from()->set_lsn(7);
  c.mutable_read()->set_credit_bytes(1 << 20);
  add(c);
  c.mutable_journal_create()->mutable_settings()->set_ring_bytes(1 << 20);
  add(c);
  c.mutable_journal_trim()->set_name("orders");
  add(c);
  c.mutable_resolve()->set_request_id(4);
  add(c);
  v1::ServerMessage s;
  s.mutable_error()->set_message("what, why, what to do next");
  add(s);
  s.mutable_append_reply()->add_results()->set_first_lsn(9);
  add(s);
  s.mutable_status_reply()->set_verdict("Healthy");
  add(s);
  return seeds;
}

}  // namespace ringjournal::fuzz
