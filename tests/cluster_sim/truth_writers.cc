// Fenced journals (I9): every committed transaction is of the writer whose fence stands before it,
// and what writers are told of grants and fences is so.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "journal/format/append_scan.h"
#include "journal/format/control.h"
#include "journal/node/writer_state.h"
#include "tests/cluster_sim/journal_truth.h"

namespace ringjournal::cluster_sim {
namespace {

// "w1003" is client 1003.
uint32_t ClientOf(const std::string& claimant) {
  uint32_t client = 0;
  if (claimant.empty() || claimant[0] != 'w') return 0;
  return absl::SimpleAtoi(absl::string_view(claimant).substr(1), &client) ? client : 0;
}

}  // namespace

// The journal's next committed entry.
void JournalTruth::NoteWriter(const RecordView& view) {
  if (!config_.settings().fenced()) return;
  if (view.header.kind == v1::ENTRY_KIND_WRITER_FENCE) return NoteFence(view);
  if (view.header.count == 0) return;
  TransactionCursor cursor(view.body);
  ByteSpan transaction;
  uint32_t client = 0;
  uint64_t counter = 0;
  cursor.Next(&transaction);
  // Else it is a record of the library's, or the payloads' own check says so.
  const bool named =
      sim::PayloadLedger::ReadPayload(AsView(TransactionPayload(transaction)), &client, &counter);
  const uint64_t index = view.header.index.value();
  if (fences_.empty()) {
    report_->Violation("I9: entry ", index, " of client ", client, " stands before any fence");
    return;
  }
  const Fence& fence = fences_.back();
  if (named && fence.client != client) {
    report_->Violation("I9: entry ", index, " is of client ", client,
                       ", behind the fence of client ", fence.client, " (", WriterText(fence.epoch),
                       ") at entry ", fence.index.value());
  }
  if (fence.epoch != view.header.writer) {
    report_->Violation("I9: entry ", index, " says that it is of writer epoch ",
                       WriterText(view.header.writer), ", behind the fence of ",
                       WriterText(fence.epoch));
  }
  if (fence.epoch.generation != view.header.epoch.generation) {
    report_->Violation("I9: entry ", index, " of generation ", view.header.epoch.generation,
                       " is of a writer that was granted ", WriterText(fence.epoch),
                       ", before a possible loss");
  }
}

void JournalTruth::NoteFence(const RecordView& view) {
  v1::ControlRecord record;
  if (!DecodeControlBody(view.body, &record)) return;
  const v1::WriterFence& f = record.writer_fence();
  Fence fence{{f.writer_generation(), f.writer_epoch()},
              ClientOf(f.claimant()),
              f.nonce(),
              view.header.index,
              view.header.chain};
  for (const Fence& older : fences_) {
    const bool same = older.nonce == fence.nonce;
    if (!same || older.epoch.generation != fence.epoch.generation) continue;
    report_->Violation("I9: one claim of client ", fence.client, " was granted ",
                       WriterText(older.epoch), " and ", WriterText(fence.epoch));
  }
  if (!fences_.empty() && fence.epoch <= fences_.back().epoch) {
    report_->Violation("I9: the fence at entry ", fence.index.value(), " grants ",
                       WriterText(fence.epoch), " behind ", WriterText(fences_.back().epoch));
  }
  fences_.push_back(fence);
}

void JournalTruth::CutFences(Index next) {
  while (!fences_.empty() && fences_.back().index >= next) fences_.pop_back();
}

std::map<Lsn, std::pair<uint32_t, uint64_t>> JournalTruth::Transactions(Lsn last) const {
  std::map<Lsn, std::pair<uint32_t, uint64_t>> found;
  for (const Entry& entry : entries_) {
    TransactionCursor cursor(AsBytes(entry.record).subspan(kRecordOverheadBytes));
    ByteSpan transaction;
    Lsn lsn = entry.header.first_lsn;
    if (entry.header.count == 0) continue;
    for (; cursor.Next(&transaction) && lsn <= last; lsn = lsn.next()) {
      std::pair<uint32_t, uint64_t> payload;
      if (sim::PayloadLedger::ReadPayload(AsView(TransactionPayload(transaction)), &payload.first,
                                          &payload.second)) {
        found[lsn] = payload;
      }
    }
  }
  return found;
}

// ---- what writers are told ----

void JournalTruth::OnGrant(const WriterGrant& grant) {
  const auto [it, first] = granted_.try_emplace(grant.epoch, grant.client);
  if (!first && it->second != grant.client) {
    report_->Violation("I9: ", WriterText(grant.epoch), " is granted to client ", it->second,
                       " and to client ", grant.client);
  }
  const auto fence = std::find_if(fences_.begin(), fences_.end(), [&](const Fence& f) {
    return f.index == grant.index && f.chain == grant.chain;
  });
  if (fence == fences_.end()) {
    // A report has taken it back since; or who granted it was declared lost.
    const bool lost = FindLost(grant.index, grant.chain) != nullptr;
    if (lost || grant.epoch.generation < generation_) return;
    report_->Violation("I9: ", WriterText(grant.epoch), " is granted to client ", grant.client,
                       " behind entry ", grant.index.value(),
                       ", which is not committed: ", entries_.size(), " entries are");
    return;
  }
  if (fence->epoch != grant.epoch || fence->client != grant.client || fence->nonce != grant.nonce) {
    report_->Violation("I9: ", WriterText(grant.epoch), " is granted to client ", grant.client,
                       " by the fence of client ", fence->client, ", ", WriterText(fence->epoch));
  }
  const Epoch before = fence == fences_.begin() ? Epoch() : std::prev(fence)->epoch;
  if (grant.replaces.has_value() && *grant.replaces != before) {
    report_->Violation("I9: client ", grant.client, " claimed to replace ",
                       WriterText(*grant.replaces), ", and has ended ", WriterText(before));
  }
}

Epoch JournalTruth::newest_grant() const {
  return granted_.empty() ? Epoch() : granted_.rbegin()->first;
}

void JournalTruth::OnFenced(Epoch held) {
  if (held < newest_fence_ || held.generation < newest_generation_) return;
  report_->Violation("I9: the holder of ", WriterText(held),
                     " is fenced, and nobody has claimed the journal since");
}

}  // namespace ringjournal::cluster_sim
