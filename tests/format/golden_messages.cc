#include "tests/format/golden_messages.h"

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client/cursor.h"
#include "client/takeover/checkpoint_chunks.h"
#include "client/takeover/records.h"
#include "journal/format/control.h"
#include "journal/format/frame.h"
#include "journal/node/derived_state.h"
#include "proto/application.pb.h"
#include "proto/client.pb.h"
#include "proto/config.pb.h"
#include "proto/entry.pb.h"
#include "proto/export.pb.h"
#include "proto/peer.pb.h"
#include "server/cluster/peer_frames.h"

namespace ringjournal {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

constexpr uint64_t kTimeNs = 1700000000'000000000;

std::string Line(const std::string& name, const std::string& bytes) {
  return absl::StrCat(name, " ", absl::BytesToHexString(bytes), "\n");
}

JournalId Id() {
  JournalId id;
  for (uint8_t i = 0; i < 16; ++i) id.bytes[i] = static_cast<uint8_t>(0x11 * i);
  return id;
}

std::string ControlLines() {
  v1::ControlRecord start, open, trim, seal, clock, fence;
  start.mutable_epoch_start()->set_config_version(7);
  start.mutable_epoch_start()->set_state_hash(0x1122334455667788);
  start.mutable_epoch_start()->set_node_incarnation(3);
  open.mutable_producer_open()->set_name("teller-1");
  open.mutable_producer_open()->set_producer_id(5);
  open.mutable_producer_open()->set_producer_epoch(2);
  open.mutable_producer_open()->set_client_instance(0x99);
  trim.mutable_trim()->set_first_lsn(40);
  trim.mutable_trim()->set_first_index(12);
  seal.mutable_seal()->set_reason("moved");
  clock.mutable_clock();
  v1::WriterFence* f = fence.mutable_writer_fence();
  f->set_writer_generation(2);
  f->set_writer_epoch(3);
  f->set_claimant("engine-b");
  f->set_nonce(0xabcdef);
  f->set_forced(true);
  f->set_reason("engine-a hangs");
  return Line("epoch_start", EncodeControlBody(start)) +
         Line("producer_open", EncodeControlBody(open)) + Line("trim", EncodeControlBody(trim)) +
         Line("seal", EncodeControlBody(seal)) + Line("clock", EncodeControlBody(clock)) +
         Line("writer_fence", EncodeControlBody(fence));
}

// Through the derived state, as rings, segments and peers get it.
std::string SnapshotLine() {
  v1::StateSnapshot s;
  s.set_next_index(20);
  s.set_next_lsn(30);
  s.set_chain(0x0102030405060708);
  s.set_generation(2);
  s.set_epoch(9);
  s.set_log_time_ns(kTimeNs);
  s.set_oldest_lsn(4);
  s.set_oldest_index(3);
  s.set_writer_generation(2);
  s.set_writer_epoch(3);
  v1::EpochHistory* epoch = s.add_history();
  epoch->set_generation(2);
  epoch->set_epoch(9);
  epoch->set_first_index(15);
  v1::Producer* producer = s.add_producers();
  producer->set_id(5);
  producer->set_epoch(2);
  producer->set_last_sequence(17);
  producer->set_last_lsn(29);
  producer->set_last_index(19);
  producer->set_name("teller-1");
  producer->set_client_instance(0x99);
  s.set_sealed(true);
  v1::Writer* writer = s.mutable_writer();
  writer->set_claimant("engine-b");
  writer->set_nonce(0xabcdef);
  writer->set_since_ns(kTimeNs - 1);
  writer->set_index(16);
  writer->set_next_lsn(25);
  writer->set_chain(0x0807060504030201);
  v1::StateSnapshot scratch;
  std::string bytes;
  DerivedState::ReadFrom(s).Serialize(&scratch, &bytes);
  return Line("state_snapshot", bytes);
}

std::string ApplicationLines() {
  v1::WriterRecord record;
  record.set_writer_generation(2);
  record.set_writer_epoch(3);
  record.set_claimant("engine-b");
  record.set_acted_lsn(28);
  record.add_digests()->set_lsn(24);
  record.mutable_digests(0)->set_value(0x1111);
  client::TransactionRun run;
  client::AddRecord(record, &run);
  client::ApplicationCheckpoint checkpoint;
  checkpoint.at = {Id(), {2, 9}, Index(19), Lsn(29), 0x0102030405060708};
  checkpoint.acted = Lsn(29);
  checkpoint.state = "state";
  std::vector<client::TransactionRun> chunks = client::EncodeCheckpoint(checkpoint, 0x77, 3);
  std::string lines = Line("writer_record", std::string(AsView(run.bytes())));
  for (const auto& chunk : chunks) {
    lines += Line("checkpoint_chunk", std::string(AsView(chunk.bytes())));
  }
  return lines + Line("cursor", client::CursorText(checkpoint.at));
}

// What stands in front of messages, on connections of clients and of nodes.
std::string FrameLines() {
  v1::Replicate head;
  head.set_journal_id(std::string(Id().view()));
  head.set_generation(2);
  head.set_epoch(9);
  head.set_commit_index(18);
  head.set_lease_seq(77);
  head.set_first_index(19);
  v1::PeerMessage ack;
  ack.mutable_replicate_ack()->set_journal_id(std::string(Id().view()));
  ack.mutable_replicate_ack()->set_end_index(19);
  std::string replicate, answer;
  AppendReplicateHead(head, 300, &replicate);
  AppendPeerFrame(ack, &answer);
  return Line("client_preface", std::string(kPreface)) +
         Line("peer_preface", std::string(kPeerPreface)) +
         Line("replicate_head_of_300_bytes", replicate) + Line("replicate_ack", answer);
}

std::string FieldLine(const FieldDescriptor& field) {
  return absl::StrCat(
      field.full_name(), " ", field.number(), " ", field.is_repeated() ? "repeated " : "",
      field.type_name(),
      field.message_type() != nullptr ? " " + field.message_type()->full_name() : "",
      field.enum_type() != nullptr ? " " + field.enum_type()->full_name() : "");
}

void AddEnum(const EnumDescriptor& e, std::set<std::string>* lines) {
  for (int i = 0; i < e.value_count(); ++i) {
    lines->insert(absl::StrCat(e.value(i)->full_name(), " ", e.value(i)->number()));
  }
}

void AddMessage(const Descriptor& message, std::set<std::string>* lines) {
  for (int i = 0; i < message.field_count(); ++i) lines->insert(FieldLine(*message.field(i)));
  for (int i = 0; i < message.nested_type_count(); ++i) AddMessage(*message.nested_type(i), lines);
  for (int i = 0; i < message.enum_type_count(); ++i) AddEnum(*message.enum_type(i), lines);
}

}  // namespace

std::set<std::string> FieldsOfToday() {
  std::set<std::string> lines;
  const FileDescriptor* files[] = {
      v1::WriterRecord::descriptor()->file(),        v1::ClientMessage::descriptor()->file(),
      v1::ConfigDocument::descriptor()->file(),      v1::Entry::descriptor()->file(),
      v1::ExportedTransaction::descriptor()->file(), v1::PeerMessage::descriptor()->file()};
  for (const FileDescriptor* file : files) {
    for (int i = 0; i < file->message_type_count(); ++i) AddMessage(*file->message_type(i), &lines);
    for (int i = 0; i < file->enum_type_count(); ++i) AddEnum(*file->enum_type(i), &lines);
  }
  return lines;
}

std::string BuildGoldenMessages() {
  return ControlLines() + SnapshotLine() + ApplicationLines() + FrameLines();
}

}  // namespace ringjournal
