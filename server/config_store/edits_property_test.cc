// Random sequences of every edit, beside a model of who really holds what is committed: whatever
// the order, the config never counts or elects a replica that lacks a committed entry.
#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "server/config_store/cluster_edits.h"
#include "server/config_store/document_checks.h"
#include "server/config_store/test_document.h"

namespace ringjournal {
namespace {

using testing_document::Id;
using testing_document::kClusterId;

// A node's memory of one journal.
struct ModelRing {
  uint64_t content = 0, claim = 0;
  bool holds_all = false;   // every committed entry
  bool disk_holds = false;  // likewise, its disk
};

class Cluster {
 public:
  explicit Cluster(uint64_t seed)
      : random_(seed * 0xd1342543de82ef95)  // not the step of Below: streams would overlap
        ,
        document_(NewDocument(kClusterId)) {
    for (int i = 1; i <= kNodes; ++i) Restart("n" + std::to_string(i), /*keeps_memory=*/false);
  }

  void Step() {
    const std::pair<const char*, void (Cluster::*)()> steps[] = {
        {"restart", &Cluster::TryRestart},  {"create", &Cluster::TryCreate},
        {"remove", &Cluster::TryRemove},    {"lead new", &Cluster::TryLeadNew},
        {"commit", &Cluster::Commit},       {"elect", &Cluster::TryElect},
        {"for dead", &Cluster::TryForDead}, {"hand over", &Cluster::TryHandOver},
        {"shrink", &Cluster::TryShrink},    {"expand", &Cluster::TryExpand},
        {"expand", &Cluster::TryExpand},    {"commit", &Cluster::Commit},
        {"add", &Cluster::TryAddMember},    {"take out", &Cluster::TryRemoveMember},
        {"recover", &Cluster::TryBegin},    {"memory", &Cluster::TryMemory},
        {"disk", &Cluster::TryDisk},        {"hint", &Cluster::TryHint},
        {"stop", &Cluster::TryStop},        {"cold", &Cluster::TryCold},
        {"go on", &Cluster::TryGoOn},       {"depose", &Cluster::TryDepose},
    };
    const auto& [name, step] = steps[Below(std::size(steps))];
    step_ = name;
    names_.clear();
    before_ = document_;
    journal_ = document_.journals().empty()
                   ? 0
                   : static_cast<uint8_t>(document_.journals(Pick(document_.journals())).id()[0]);
    (this->*step)();
    Check();
  }

  const std::map<std::string, int>& successes() const { return successes_; }

 private:
  static constexpr int kNodes = 5;
  using RingKey = std::pair<uint8_t, std::string>;

  uint64_t Below(uint64_t n) {
    uint64_t z = (random_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (z ^ (z >> 31)) % n;
  }
  bool Chance(uint64_t percent) { return Below(100) < percent; }
  template <class Repeated>
  int Pick(const Repeated& from) {
    return static_cast<int>(Below(static_cast<uint64_t>(from.size())));
  }

  v1::JournalConfig* Journal() { return FindJournal(&document_, Id(journal_)); }
  // Mostly a member of the journal.
  std::string AnyNode() {
    const v1::JournalConfig* journal = Journal();
    if (journal != nullptr && Chance(80)) return journal->members(Pick(journal->members()));
    return "n" + std::to_string(1 + Below(kNodes));
  }
  Incarnation Current(const std::string& node) {
    return Incarnation(FindNode(document_, node)->incarnation());
  }
  // Mostly the one that may succeed.
  Claim Claimant(const std::string& node) {
    Incarnation incarnation = Current(node);
    if (Chance(5)) incarnation = Incarnation(incarnation.value() + Below(3) - 1);
    return {Id(journal_), node, incarnation, step_};
  }
  Claim AnyClaimant() { return Claimant(AnyNode()); }
  Claim Leader() {
    const v1::JournalConfig* journal = Journal();
    bool led = journal != nullptr && journal->has_leader() && Chance(90);
    return Claimant(led ? journal->leader().node() : AnyNode());
  }
  ReplicaName AnyReplica() {
    names_.push_back(AnyNode());
    Incarnation incarnation = Current(names_.back());
    if (Chance(10)) incarnation = Incarnation(incarnation.value() + Below(3) - 1);
    return {names_.back(), incarnation};
  }
  std::vector<ReplicaName> SomeReplicas() {
    std::vector<ReplicaName> some;
    for (uint64_t n = Below(kNodes); n > 0; --n) some.push_back(AnyReplica());
    return some;
  }
  ModelRing& RingOf(const std::string& node) { return rings_[{journal_, node}]; }

  // A refused edit leaves everything as it was.
  bool Succeeds(const absl::Status& status) {
    if (status.ok()) {
      ++successes_[step_];
      return true;
    }
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(before_, document_))
        << step_ << ": " << status;
    EXPECT_FALSE(status.message().empty());
    return false;
  }

  // ---- edits, and what they mean for the memories ----

  void Restart(const std::string& node, bool keeps_memory) {
    ++starts_;
    absl::StatusOr<Incarnation> incarnation =
        RegisterNode(&document_, {node, node + ":1", "nonce " + std::to_string(starts_)});
    ASSERT_TRUE(incarnation.ok());
    for (auto& [key, ring] : rings_) {
      if (key.second != node || keeps_memory) continue;
      ring = {.disk_holds = ring.disk_holds};
    }
  }
  void TryRestart() {
    if (Chance(60)) return;
    Restart(AnyNode(), Chance(70));
    ++successes_[step_];
  }
  void TryCreate() {
    if (document_.journals_size() >= 2) return;
    journal_ = ++created_;
    JournalSpec spec = {.id = Id(journal_), .name = "j" + std::to_string(created_)};
    for (int i = 1; i <= kNodes; ++i) {
      if (Chance(60)) spec.members.push_back("n" + std::to_string(i));
    }
    spec.min_isr = static_cast<uint32_t>(Below(3));
    Succeeds(CreateJournal(&document_, spec));
  }
  void TryRemove() {
    if (Chance(97)) return;
    Succeeds(RemoveJournal(&document_, Id(journal_)));
  }
  void TryLeadNew() {
    const Claim claim = AnyClaimant();
    if (Succeeds(LeadNew(&document_, claim))) BecomesTheLog(claim);
  }
  // The leader's log is what counts from now on, and nobody else is known to have it.
  void BecomesTheLog(const Claim& claim) {
    for (auto& [key, ring] : rings_) {
      if (key.first == journal_) ring.holds_all = ring.disk_holds = false;
    }
    RingOf(claim.node) = {.content = claim.incarnation.value(), .holds_all = true};
  }
  // An entry that the isr holds, and nobody else. Where somebody has left it by a restart the
  // leader says first that it goes on without.
  void Commit() {
    v1::JournalConfig* journal = Journal();
    if (journal == nullptr || !journal->has_leader()) return;
    if (static_cast<uint32_t>(journal->isr_size()) < journal->min_isr()) return;
    if (journal->has_orderly_stop()) return;  // it appends nothing any more
    if (journal->complete_size() > journal->isr_size()) return;
    for (auto& [key, ring] : rings_) {
      if (key.first != journal_) continue;
      ring.disk_holds = false;
      const auto& isr = journal->isr();
      bool in_sync = std::any_of(isr.begin(), isr.end(),
                                 [&](const auto& id) { return id.node() == key.second; });
      if (!in_sync) ring.holds_all = false;
    }
    ++successes_[step_];
  }
  void TryElect() {
    const Claim claim = AnyClaimant();
    if (Succeeds(Elect(&document_, claim, SomeReplicas()))) Leads(claim);
  }
  void Leads(const Claim& claim) {
    EXPECT_TRUE(RingOf(claim.node).holds_all) << step_ << " " << claim.node;
    RingOf(claim.node).content = claim.incarnation.value();
  }
  void TryForDead() {
    const std::vector<ReplicaName> live = SomeReplicas();
    const v1::JournalConfig* journal = Journal();
    if (journal == nullptr || !journal->has_leader()) return;
    const ReplicaName dead = Chance(70) ? AsReplica(journal->leader()) : AnyReplica();
    Succeeds(ElectForDead(&document_, AnyClaimant(), dead, live));
  }
  void TryHandOver() { Succeeds(HandOver(&document_, Leader(), AnyReplica())); }
  void TryShrink() { Succeeds(ShrinkIsr(&document_, Leader(), AnyReplica())); }
  // It has caught up before, as the rule demands.
  void TryExpand() {
    const ReplicaName backup = AnyReplica();
    if (!Succeeds(ExpandIsr(&document_, Leader(), backup))) return;
    ModelRing& ring = RingOf(std::string(backup.node));
    ring.content = backup.incarnation.value();
    ring.holds_all = true;
  }
  void TryGoOn() { Succeeds(GoOnWithoutRestarted(&document_, Leader())); }
  // Who has no say is refused; that is not to be asked of a claimant whose ring is not its own.
  void TryDepose() {
    const Claim claim = AnyClaimant();
    const v1::JournalConfig* journal = Journal();
    if (journal == nullptr || !journal->has_leader() || Chance(70)) return;
    const ModelRing& ring = RingOf(claim.node);
    const ReplicaName leader = AsReplica(journal->leader());
    const std::string node(leader.node);
    const bool holds = ring.holds_all;
    if (Succeeds(Depose(&document_, claim, {node, leader.incarnation},
                        {Incarnation(ring.content), Incarnation(ring.claim)}))) {
      EXPECT_TRUE(holds) << claim.node;
    }
  }
  void TryAddMember() { Succeeds(AddMember(&document_, Id(journal_), AnyNode(), step_)); }
  void TryRemoveMember() { Succeeds(RemoveMember(&document_, Id(journal_), AnyNode(), step_)); }
  void TryBegin() {
    std::vector<ReplicaName> lost;
    if (Chance(30)) lost = SomeReplicas();
    Succeeds(BeginRecovery(&document_, AnyClaimant(), lost));
  }
  void TryMemory() {
    const Claim claim = AnyClaimant();
    ModelRing& ring = RingOf(claim.node);
    const RingIncarnations held = {Incarnation(ring.content), Incarnation(ring.claim)};
    v1::ConfigDocument next = document_;
    if (!Succeeds(LeadAfterMemoryRecovery(&next, claim, held))) return;
    // As a start does: the content is that of the claim that `complete` names, before it is lost.
    const auto& complete = Journal()->complete();
    if (!Names(complete, {claim.node, held.content})) ring.content = ring.claim;
    ring.claim = claim.incarnation.value();
    if (Chance(20)) return;  // dies before the cas
    document_ = next;
    EXPECT_TRUE(ring.holds_all) << claim.node;
    if (Chance(80)) ring.content = claim.incarnation.value();  // else it dies behind the cas
  }
  void TryDisk() {
    if (Chance(80)) return;
    v1::LossReport report;
    const uint64_t hint = Journal() == nullptr ? 0 : Journal()->commit_hint().lsn();
    report.set_first_index(1 + Below(hint + 1));
    report.set_first_lsn(report.first_index());
    report.set_known_committed_lsn(hint + 1);
    for (auto set : {&v1::LossReport::set_received, &v1::LossReport::set_replicated,
                     &v1::LossReport::set_disk, &v1::LossReport::set_disk_quorum}) {
      (report.*set)(v1::LOSS_VERDICT_POSSIBLE);
    }
    const Claim claim = AnyClaimant();
    if (Succeeds(LeadAfterDiskRecovery(&document_, claim, report))) BecomesTheLog(claim);
  }
  void TryHint() {
    const uint64_t hint = Journal() == nullptr ? 0 : Journal()->commit_hint().lsn();
    Succeeds(SetCommitHint(&document_, Leader(), {Index(hint + Below(3)), Lsn(hint + Below(3))}));
  }
  void TryStop() {
    if (Chance(75)) return;
    const Claim leader = Leader();
    const uint64_t hint = Journal() == nullptr ? 0 : Journal()->commit_hint().lsn() + 1;
    if (Succeeds(MarkOrderlyStop(&document_, leader, {Index(hint), Lsn(hint), hint}))) {
      RingOf(leader.node).disk_holds = true;
    }
  }
  void TryCold() {
    const v1::OrderlyStop stop =
        Journal() == nullptr ? v1::OrderlyStop() : Journal()->orderly_stop();
    const Claim claim = stop.node().empty() ? AnyClaimant() : Claimant(stop.node());
    const StoppedLog found = {Index(stop.index()), Lsn(stop.lsn()), stop.chain()};
    if (!Succeeds(LeadAfterOrderlyStop(&document_, claim, found))) return;
    EXPECT_TRUE(RingOf(claim.node).disk_holds) << claim.node;
    RingOf(claim.node).content = claim.incarnation.value();
    RingOf(claim.node).holds_all = true;
  }

  // ---- what must hold after each step ----

  void Check() {
    document_.set_version(before_.version() + 1);
    EXPECT_TRUE(ValidateDocument(document_).ok()) << step_ << ValidateDocument(document_);
    EXPECT_TRUE(ValidateChange(before_, document_).ok())
        << step_ << ValidateChange(before_, document_);
    for (const v1::JournalConfig& journal : document_.journals()) {
      journal_ = static_cast<uint8_t>(journal.id()[0]);
      CheckHolders(journal);
      CheckLeader(journal);
    }
  }
  // I2: each isr member holds every committed entry; so does what is left of `complete`.
  void CheckHolders(const v1::JournalConfig& journal) {
    for (const v1::ReplicaId& id : journal.isr()) {
      EXPECT_TRUE(RingOf(id.node()).holds_all) << step_ << ": " << ReplicaText(id);
    }
    for (const v1::ReplicaId& id : journal.complete()) {
      const ModelRing& ring = RingOf(id.node());
      if (ring.content != id.incarnation() && ring.claim != id.incarnation()) continue;
      EXPECT_TRUE(ring.holds_all) << step_ << ": complete " << ReplicaText(id);
    }
  }
  // I1: one leader for each epoch, for ever.
  void CheckLeader(const v1::JournalConfig& journal) {
    if (!journal.has_leader()) return;
    auto [it, is_new] =
        leaders_.insert({{journal_, journal.epoch()}, ReplicaText(journal.leader())});
    EXPECT_EQ(it->second, ReplicaText(journal.leader())) << step_;
  }

  uint64_t random_;
  v1::ConfigDocument document_, before_;
  std::string step_;
  uint8_t journal_ = 0, created_ = 0;
  uint64_t starts_ = 0;
  std::map<RingKey, ModelRing> rings_;
  std::map<std::pair<uint8_t, uint32_t>, std::string> leaders_;
  std::map<std::string, int> successes_;
  std::deque<std::string> names_;  // that replicas point to
};

TEST(Edits, NoSequenceOfThemCountsOrElectsAReplicaThatLacksACommittedEntry) {
  std::map<std::string, int> successes;
  for (uint64_t seed = 1; seed <= 900 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Cluster cluster(seed);
    for (int i = 0; i < 250 && !testing::Test::HasFailure(); ++i) cluster.Step();
    for (const auto& [step, count] : cluster.successes()) successes[step] += count;
  }
  EXPECT_EQ(successes.size(), 20u);
  for (const auto& [step, count] : successes) EXPECT_GT(count, 100) << step;
}

}  // namespace
}  // namespace ringjournal
