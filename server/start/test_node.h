// A node for tests of the start procedure: what outlives its processes, and the process.
#ifndef SERVER_START_TEST_NODE_H_
#define SERVER_START_TEST_NODE_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "journal/base/check.h"
#include "journal/checkpoint/test_disk.h"
#include "journal/node/test_replica.h"
#include "server/config_store/document_edits.h"
#include "server/start/journal_start.h"
#include "server/start/replica_load.h"

namespace ringjournal {

// One node: config document, segments and ring that outlive its processes. `Start` is a process.
class TestNode : public JournalStorage {
 public:
  explicit TestNode(bool memory_only = false) : document_(NewDocument("0123456789abcdef")) {
    Register();
    JournalSpec spec;
    spec.id.bytes.fill(7);
    spec.name = "ledger";
    spec.members = {"n1"};
    spec.settings = SmallSettings();
    spec.settings.set_memory_only(memory_only);
    RJ_CHECK(CreateJournal(&document_, spec).ok());
  }

  // ---- JournalStorage ----
  absl::StatusOr<std::vector<SegmentFile>> ListSegments() override {
    std::vector<SegmentFile> found;
    for (const auto& [name, bytes] : disk.files) {
      std::optional<SegmentName> parsed = SegmentName::FromFileName(name);
      if (parsed.has_value()) found.push_back({*parsed, bytes->size()});
    }
    return found;
  }
  absl::StatusOr<ByteSpan> ReadSegment(const SegmentName& name) override {
    return AsBytes(*disk.files.at(name.ToFileName()));
  }
  void RemoveSegment(const SegmentName& name) override { disk.files.erase(name.ToFileName()); }
  absl::StatusOr<RingMemory> OpenRing(size_t head_bytes, size_t data_bytes) override {
    if (ring == nullptr) return absl::NotFoundError("no ring");
    return ring->memory();
  }
  absl::StatusOr<RingMemory> CreateRing(size_t head_bytes, size_t data_bytes) override {
    ring = std::make_unique<TestRingMemory>(data_bytes, SmallSettings().producers_max());
    return ring->memory();
  }

  // A new process. `dies_after_cas`: it gets no further than the change of the config.
  absl::Status Start(bool dies_after_cas = false) {
    Register();
    JournalStartInput input = Input();
    auto change = [&](v1::ConfigDocument next) -> absl::StatusOr<v1::ConfigDocument> {
      document_ = std::move(next);
      if (dies_after_cas) return absl::UnavailableError("the process has died");
      return document_;
    };
    absl::StatusOr<JournalStart> start = StartJournal(input, this, change);
    if (!start.ok()) return start.status();
    started = *std::move(start);
    return absl::OkStatus();
  }
  // Dies before it changes the config: what it wrote into the ring stays.
  void StartAndDieBeforeCas() {
    Register();
    v1::ConfigDocument registered = document_;
    JournalStartInput input = Input();
    auto change = [](v1::ConfigDocument) -> absl::StatusOr<v1::ConfigDocument> {
      return absl::UnavailableError("the process has died");
    };
    EXPECT_FALSE(StartJournal(input, this, change).ok());
    document_ = registered;
  }
  Replica* replica() { return loaded ? loaded->replica.get() : started->replica.get(); }

  // ---- as a node of a cluster ----
  // A new process, which loads its replica and does not lead.
  absl::Status Load() {
    Register();
    absl::StatusOr<LoadedReplica> found = LoadReplica(Input(), this);
    if (!found.ok()) return found.status();
    loaded = *std::move(found);
    return absl::OkStatus();
  }
  // A new process of a node that knows of this leader and takes its entries up to `last`.
  void LoadAndFollow(TestNode* leader, Index last) {
    document_ = leader->document_;
    RJ_CHECK(Load().ok());
    Follow(leader, last);
  }
  // Takes the leader's entries from the own end up to `last`.
  void Follow(TestNode* leader, Index last) {
    replica()->BackupStart(Incarnation(0));  // what is taken is acknowledged
    const Ring& from = leader->replica()->ring();
    while (replica()->marks().end.index < last) {
      RingPlace next = *from.Find(replica()->marks().end.index.next());
      Replica::Taken taken = replica()->TakeEntries(from.Record(next).record);
      RJ_CHECK(taken.verdict == Replica::Taken::Verdict::kAll);
    }
  }
  // Follows the leader up to `last`, dies, and leads the next epoch from there: another log.
  void Fork(TestNode* leader, Index last) {
    LoadAndFollow(leader, last);
    replica()->AllowCommit(last);
    Batch();
    Kill();
    const v1::ReplicaId counted = config().complete(0);
    ring->memory().control()->content_incarnation = SealWord(counted.incarnation());
    RJ_CHECK(Start().ok());
  }

  // Appends one payload of that size under a new opening of the producer.
  void Append(size_t bytes, v1::Level level = v1::LEVEL_REPLICATED) {
    ProducerHandle producer;
    v1::ErrorReply refusal;
    RJ_CHECK(replica()->OpenProducer({"p"}, now, &producer, &refusal));
    std::string run = TestRun({std::string(bytes, 'x')});
    AppendEnvelope envelope;
    envelope.first_sequence =
        replica()->derived().producers().at(producer.slot).last_sequence.next();
    envelope.count = 1;
    envelope.level = level;
    envelope.body = AsBytes(run);
    AppendPlace place;
    RJ_CHECK(replica()->Append(envelope, producer, now, &place, &refusal) ==
             AppendVerdict::kAccepted);
    Batch();
  }
  void Batch() {
    replica()->EndOfBatch(now, &ops_);
    disk.Take(&ops_);
  }
  void Settle() {
    for (int i = 0; i < 100 && !replica()->settled(); ++i) {
      now.monotonic_ns += 20'000'000;
      Batch();
      while (!disk.pending().empty()) {
        RJ_CHECK(replica()->OnStorageDone(disk.CompleteOne(), now).empty());
        Batch();
      }
    }
  }
  // The process stops in order: everything is on disk, and the config says so.
  void StopInOrder() {
    replica()->Stop();
    Settle();
    RJ_CHECK(replica()->checkpointer().closed());
    const LogPosition& end = replica()->derived().position();
    Claim leader{replica()->options().id, "n1", incarnation_, "stop"};
    StoppedLog log{end.last().index, end.last().lsn, end.chain};
    RJ_CHECK(MarkOrderlyStop(&document_, leader, log).ok());
    Kill();
  }
  // The process ends; operations under way never happen.
  void Kill() {
    started.reset();
    loaded.reset();
    std::map<std::string, std::shared_ptr<std::string>> files = std::move(disk.files);
    disk = TestDisk();
    disk.files = std::move(files);
  }
  // What outlives a loss of memory.
  struct Image {
    v1::ConfigDocument document;
    std::map<std::string, std::string> files;
  };
  Image SaveImage() const {
    Image image{document_, {}};
    for (const auto& [name, bytes] : disk.files) image.files[name] = *bytes;
    return image;
  }
  void RestoreImage(const Image& image) {
    Kill();
    ring.reset();
    document_ = image.document;
    disk.files.clear();
    for (const auto& [name, bytes] : image.files) {
      disk.files[name] = std::make_shared<std::string>(bytes);
    }
  }
  Lsn end_lsn() { return replica()->marks().end.lsn; }
  const v1::JournalConfig& config() const { return document_.journals(0); }
  v1::JournalConfig* mutable_config() { return document_.mutable_journals(0); }

  std::unique_ptr<TestRingMemory> ring;
  TestDisk disk;
  Time now{1'000'000'000, 1'700'000'000'000'000'000};
  BootId boot = {};
  std::optional<JournalStart> started;
  std::optional<LoadedReplica> loaded;

 private:
  JournalStartInput Input() const {
    return {document_.journals(0), document_, "n1", incarnation_, boot, now};
  }
  void Register() {
    started.reset();
    loaded.reset();
    Registration registration{"n1", "n1.example:7000", "nonce " + std::to_string(++starts_)};
    absl::StatusOr<Incarnation> incarnation = RegisterNode(&document_, registration);
    RJ_CHECK(incarnation.ok());
    incarnation_ = *incarnation;
  }
  v1::ConfigDocument document_;
  Incarnation incarnation_;
  uint64_t starts_ = 0;
  std::vector<StorageOp> ops_;
};

}  // namespace ringjournal

#endif  // SERVER_START_TEST_NODE_H_
