// Every bit of what means something in a ring file's head is flipped, one at a time, and a bit of
// every other byte; the exact verdict is expected, from a model that knows where records begin and
// what each word means. (The records themselves:
// ring_recovery_test.cc.)
#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "journal/ring/test_ring.h"

namespace ringjournal {
namespace {

struct Expected {
  RingVerdict verdict = RingVerdict::kIntact;
  uint64_t next_index = 0;  // of an intact one
};

// A ring that has wrapped, with a cut tail above acked_end and two snapshots.
class RingAttack : public testing::Test {
 protected:
  RingAttack() : t(64 * 1024) {
    for (int i = 0; i < 400; ++i) Append(200 + static_cast<size_t>(i));
    t.ring.RaiseAckedEnd();
    t.ring.set_content_incarnation(Incarnation(5));
    t.ring.set_claim_incarnation(Incarnation(6));
    Append(77);  // above acked_end
    slot_bytes = SnapshotSlotBytes(TestRing::kProducers);
    for (int i = 0; i < 2; ++i) {
      std::memcpy(&slots[i], t.memory.memory().snapshot_slot(i, slot_bytes), sizeof slots[i]);
    }
  }
  void Append(size_t bytes) {
    if (t.ring.snapshot_due()) t.Snapshot();
    uint64_t at = t.ring.end().offset.value();
    ASSERT_TRUE(t.Append(bytes, 1));
    starts[at] = t.position.next_index.value() - 1;
  }

  // The rules of docs/recovery.md and replication.md section 7, said once more.
  Expected Judge(uint64_t oldest, uint64_t active_word, const RingEnds ends[2],
                 const bool slot_is_whole[2]) const {
    uint64_t active = 0;
    if (!OpenWord(active_word, &active) || active > 1) return {RingVerdict::kNotIntact};
    const RingEnds& e = ends[active];
    uint64_t data = t.memory.memory().data_bytes;
    if (oldest > e.end || e.end - oldest > data || e.acked_end > e.end) {
      return {RingVerdict::kNotIntact};
    }
    uint64_t snapshot = UINT64_MAX, sequence = 0;
    for (int i = 0; i < 2; ++i) {
      bool usable = slot_is_whole[i] && slots[i].ring_offset >= oldest &&
                    slots[i].ring_offset <= e.end && slots[i].sequence > sequence;
      if (usable) snapshot = slots[i].ring_offset, sequence = slots[i].sequence;
    }
    if (sequence == 0) return {RingVerdict::kNotIntact};
    auto [reached, next_index] = Walk(oldest, e.end);
    bool whole = reached == e.end || (reached >= e.acked_end && reached >= snapshot);
    return whole ? Expected{RingVerdict::kIntact, next_index} : Expected{RingVerdict::kNotIntact};
  }
  // How far the records go from `oldest`, at most to `end`; the index of the next one.
  std::pair<uint64_t, uint64_t> Walk(uint64_t oldest, uint64_t end) const {
    uint64_t real_end = t.ring.end().offset.value(), at = oldest, index = 0;
    uint64_t held_from = real_end - std::min(real_end, uint64_t{t.memory.memory().data_bytes});
    for (auto it = starts.find(oldest); it != starts.end() && oldest >= held_from; ++it) {
      auto next = std::next(it);
      uint64_t behind = next == starts.end() ? real_end : next->first;
      if (behind > end) break;
      at = behind;
      index = it->second + 1;
    }
    return {at, index};
  }
  Expected JudgeWords() const {
    const RingControl& c = *t.memory.memory().control();
    const bool whole[2] = {true, true};
    return Judge(c.oldest, c.active, c.ends, whole);
  }
  // Of a word that tells by itself that it is damaged.
  static bool IsSealed(size_t at) {
    const size_t word = at / 8 * 8;
    return word == offsetof(RingControl, content_incarnation) ||
           word == offsetof(RingControl, claim_incarnation) ||
           word == offsetof(RingControl, active) || word == offsetof(RingControl, committed);
  }
  // All bits, or one that wanders where there are many bytes without a meaning.
  static std::vector<int> BitsOf(size_t at, bool has_meaning) {
    if (!has_meaning) return {static_cast<int>(at % 8)};
    return {0, 1, 2, 3, 4, 5, 6, 7};
  }
  void ExpectAfterFlip(size_t at, int bit, const Expected& expected) {
    std::byte* byte = &t.memory.memory().head[at];
    *byte ^= static_cast<std::byte>(1 << bit);
    RingInspection found = t.Inspect();
    *byte ^= static_cast<std::byte>(1 << bit);
    ASSERT_EQ(RingVerdictText(found.verdict), RingVerdictText(expected.verdict))
        << "byte " << at << " bit " << bit << ": " << found.reason;
    if (expected.verdict != RingVerdict::kIntact) return;
    ASSERT_EQ(found.position.next_index, Index(expected.next_index)) << at << " " << bit;
  }

  TestRing t;
  size_t slot_bytes = 0;
  SnapshotSlotHeader slots[2];
  std::map<uint64_t, uint64_t> starts;  // ring offset of each record that was ever there: its index
};

TEST_F(RingAttack, TheModelAgreesOnTheUntouchedRing) {
  RingInspection found = t.Inspect();
  EXPECT_EQ(found.verdict, RingVerdict::kIntact) << found.reason;
  Expected expected = JudgeWords();
  EXPECT_EQ(expected.verdict, RingVerdict::kIntact);
  EXPECT_EQ(found.position.next_index, Index(expected.next_index));
  ASSERT_GT(t.ring.oldest().index, Index(1)) << "it has wrapped";
  ASSERT_TRUE(slots[0].sequence > 0 && slots[1].sequence > 0);
}

TEST_F(RingAttack, EveryByteOfTheControlPage) {
  Expected untouched = JudgeWords();
  RingControl* control = t.memory.memory().control();
  std::byte* head = t.memory.memory().head;
  for (size_t at = 0; at < kControlPageBytes; ++at) {
    for (int bit : BitsOf(at, at < sizeof(RingControl))) {
      Expected expected = untouched;
      if (at < sizeof(RingIdentity)) {
        expected = {at < 8    ? RingVerdict::kForeign
                    : at < 12 ? RingVerdict::kNewerVersion
                              : RingVerdict::kNotIntact};
      } else if (IsSealed(at)) {
        expected = {RingVerdict::kNotIntact};
      } else if (at >= offsetof(RingControl, oldest) && at < sizeof(RingControl)) {
        head[at] ^= static_cast<std::byte>(1 << bit);
        expected = JudgeWords();
        head[at] ^= static_cast<std::byte>(1 << bit);
      }
      ExpectAfterFlip(at, bit, expected);
      if (HasFatalFailure()) return;
    }
  }
  // A ring that nobody counts must not become one of incarnation 1, 2, 4, 8 …, either.
  for (uint64_t* word : {&control->content_incarnation, &control->claim_incarnation}) {
    const uint64_t kept = std::exchange(*word, 0);
    EXPECT_EQ(t.Inspect().verdict, RingVerdict::kIntact);
    for (int bit = 0; bit < 64; ++bit) {
      *word = uint64_t{1} << bit;
      EXPECT_EQ(t.Inspect().verdict, RingVerdict::kNotIntact) << bit;
    }
    *word = kept;
  }
}

TEST_F(RingAttack, EveryByteOfBothSnapshotSlots) {
  const RingControl& c = *t.memory.memory().control();
  for (int slot = 0; slot < 2; ++slot) {
    bool whole[2] = {slot != 0, slot != 1};
    Expected without = Judge(c.oldest, c.active, c.ends, whole);
    size_t used = kSnapshotSlotHeaderBytes + slots[slot].length;
    for (size_t i = 0; i < slot_bytes; ++i) {
      bool covered = i < sizeof(SnapshotSlotHeader) || (i >= kSnapshotSlotHeaderBytes && i < used);
      size_t at = kControlPageBytes + static_cast<size_t>(slot) * slot_bytes + i;
      for (int bit : BitsOf(at, covered)) {
        ExpectAfterFlip(at, bit, covered ? without : JudgeWords());
        if (HasFatalFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace ringjournal
