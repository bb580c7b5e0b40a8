// The journals behind a FakeJournal: entries in memory, producers, watermarks. No threads, no I/O.
#ifndef CLIENT_TESTING_FAKE_LOG_H_
#define CLIENT_TESTING_FAKE_LOG_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/testing/fake_writers.h"
#include "journal/base/bytes.h"
#include "journal/base/types.h"
#include "journal/format/entry_layout.h"
#include "proto/client.pb.h"

namespace ringjournal::client {

// One entry, encoded as a server encodes it.
struct FakeRecord {
  std::string bytes;
  EntryHeader header;
};

// What the journal knows of a producer.
struct FakeProducer {
  uint64_t id = 0;
  uint32_t epoch = 0;            // of its newest session; older ones are fenced
  uint64_t client_instance = 0;  // which that calls itself; 0: nothing
  uint64_t last_sequence = 0;
  std::map<uint64_t, size_t> record_of;  // first sequence of an append -> position in records
};

// A journal that one leader keeps in memory. One owner at a time.
class FakeLog {
 public:
  // `number`: of the journal among those of its server.
  explicit FakeLog(std::string name, int number = 0);

  const std::string& name() const { return name_; }
  const std::string& id() const { return id_; }
  // As if removed and created again: empty, with another id.
  void StartOver();
  // False: the journal must be created first.
  bool exists() const { return exists_; }
  void Create(const v1::JournalSettings& settings);
  void Remove();

  // Each of these adds one entry; `now_ns` is its log time.
  FakeProducer* OpenProducer(const std::string& name, uint64_t now_ns,
                             uint64_t client_instance = 0);
  size_t AppendRun(FakeProducer* producer, uint64_t first_sequence, uint32_t count, ByteSpan run,
                   uint64_t now_ns);
  void Trim(Lsn first_kept, uint64_t now_ns);
  FakeProducer* FindProducer(const std::string& name);
  // A fence, or none if the claim was granted before. False: *refusal says why not.
  bool AcquireWriter(const v1::WriterAcquire& claim, uint64_t now_ns, v1::ErrorReply* refusal);
  const FakeWriters& writers() const { return writers_; }
  void set_fenced(bool fenced) { writers_.set_fenced(fenced); }

  // Entries from the one that holds `first_lost` on are gone; the generation rises.
  void Lose(Lsn first_lost, uint64_t now_ns);
  void MakeDurable() { durable_ = end_.last(); }
  // Durable follows the end at once, as on a server that checkpoints all the time.
  void set_durable_at_once(bool value) { durable_at_once_ = value; }

  // What the last append asked for.
  void set_last_level(v1::Level level) { last_level_ = level; }
  v1::Level last_level() const { return last_level_; }

  const std::vector<FakeRecord>& records() const { return records_; }
  uint64_t bytes() const { return bytes_; }
  uint32_t generation() const { return generation_; }
  Watermark end() const { return end_.last(); }
  Watermark durable() const { return durable_; }
  Lsn oldest_lsn() const { return oldest_lsn_; }
  Lsn next_lsn() const { return end_.next_lsn; }
  const std::vector<v1::LossReport>& losses() const { return losses_; }
  size_t producer_count() const { return producers_.size(); }
  const std::map<std::string, FakeProducer>& producers() const { return producers_; }

  // Position of the record that holds the LSN; records().size() if there is none.
  size_t Find(Lsn lsn) const;
  // Every payload that is kept, in order, but for what the library writes for itself.
  std::vector<std::string> Payloads() const;
  void FillWatermarks(v1::Watermarks* marks) const;
  void FillReply(v1::JournalReply* reply) const;
  void FillProducer(const std::string& name, const FakeProducer& producer, v1::Producer* out) const;

 private:
  void AddControl(v1::EntryKind kind, const v1::ControlRecord& control, uint64_t now_ns);
  void AddRecord(EntryHeader header, ByteSpan body, uint64_t now_ns);

  std::string name_;
  int number_;
  std::string id_;
  bool exists_ = true;
  v1::JournalSettings settings_;
  uint32_t times_created_ = 0;
  uint32_t generation_ = 1;
  std::vector<FakeRecord> records_;
  uint64_t bytes_ = 0;
  LogPosition end_;
  Watermark durable_;
  bool durable_at_once_ = false;
  v1::Level last_level_ = v1::LEVEL_UNKNOWN;
  Lsn oldest_lsn_{1};
  std::map<std::string, FakeProducer> producers_;
  std::vector<v1::LossReport> losses_;
  FakeWriters writers_;
};

// The journal that a fake server was made for, and those that are created beside it.
class FakeJournals {
 public:
  explicit FakeJournals(std::string name) : main_(name) { logs_.emplace(std::move(name), &main_); }
  FakeLog* main() { return &main_; }
  // A place for a journal of that name, which need not exist.
  FakeLog* Place(const std::string& name);
  // Null if there is none that exists.
  FakeLog* Find(const std::string& name);
  const std::map<std::string, FakeLog*>& all() const { return logs_; }

 private:
  FakeLog main_;
  std::deque<FakeLog> others_;
  std::map<std::string, FakeLog*> logs_;
};

}  // namespace ringjournal::client

#endif  // CLIENT_TESTING_FAKE_LOG_H_
