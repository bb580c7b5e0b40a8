#include "client/takeover/checkpoint_chunks.h"

#include <algorithm>
#include <utility>

#include "client/takeover/records.h"
#include "client/transaction.h"
#include "journal/base/checksum.h"

namespace ringjournal::client {
namespace {

uint64_t DigestOf(std::string_view state) { return ChainHash(0, AsBytes(state)); }

bool SameCheckpoint(const v1::CheckpointChunk& a, const v1::CheckpointChunk& b) {
  return a.journal_id() == b.journal_id() && a.lsn() == b.lsn() && a.chain() == b.chain() &&
         a.count() == b.count() && a.state_bytes() == b.state_bytes() &&
         a.state_xxh3() == b.state_xxh3();
}

bool CursorOf(const v1::CheckpointChunk& chunk, Cursor* cursor) {
  cursor->epoch = {chunk.generation(), chunk.epoch()};
  cursor->index = Index(chunk.index());
  cursor->lsn = Lsn(chunk.lsn());
  cursor->chain = chunk.chain();
  return JournalId::FromView(chunk.journal_id(), &cursor->journal);
}

v1::CheckpointChunk HeadOf(const ApplicationCheckpoint& checkpoint, uint64_t saver) {
  v1::CheckpointChunk chunk;
  chunk.set_journal_id(std::string(checkpoint.at.journal.view()));
  chunk.set_lsn(checkpoint.at.lsn.value());
  chunk.set_index(checkpoint.at.index.value());
  chunk.set_generation(checkpoint.at.epoch.generation);
  chunk.set_epoch(checkpoint.at.epoch.epoch);
  chunk.set_chain(checkpoint.at.chain);
  chunk.set_state_bytes(checkpoint.state.size());
  chunk.set_state_xxh3(DigestOf(checkpoint.state));
  chunk.set_acted_lsn(checkpoint.acted.value());
  chunk.set_saver(saver);
  return chunk;
}

}  // namespace

std::vector<TransactionRun> EncodeCheckpoint(const ApplicationCheckpoint& checkpoint,
                                             uint64_t saver, size_t chunk_bytes) {
  v1::CheckpointChunk chunk = HeadOf(checkpoint, saver);
  const size_t size = checkpoint.state.size();
  const size_t count = std::max<size_t>((size + chunk_bytes - 1) / chunk_bytes, 1);
  chunk.set_count(static_cast<uint32_t>(count));
  std::vector<TransactionRun> runs(count);
  for (size_t i = 0; i < count; ++i) {
    chunk.set_number(static_cast<uint32_t>(i + 1));
    chunk.set_data(checkpoint.state.substr(i * chunk_bytes, chunk_bytes));
    const std::string payload = chunk.SerializeAsString();
    Transaction transaction;
    transaction.payload = payload;
    transaction.type = kCheckpointChunkType;
    runs[i].Add(transaction);
  }
  return runs;
}

void CheckpointAssembler::Take(const ReadTransaction& transaction) {
  Transaction parsed;
  if (!ParseTransaction(transaction.encoded, &parsed)) return;
  if (parsed.type != kCheckpointChunkType) return;
  v1::CheckpointChunk chunk;
  const int size = static_cast<int>(parsed.payload.size());
  if (!chunk.ParseFromArray(parsed.payload.data(), size)) {
    ++broken_;
    return;
  }
  TakeChunk(std::move(chunk), transaction.lsn);
}

void CheckpointAssembler::TakeChunk(v1::CheckpointChunk chunk, Lsn lsn) {
  Partial& partial = partial_[chunk.saver()];
  if (chunk.number() == 1) {
    if (partial.chunks > 0) ++broken_;
    partial = {};
    partial.first_chunk = lsn;
    partial.state = std::move(*chunk.mutable_data());
    chunk.clear_data();
    partial.first = std::move(chunk);
  } else if (partial.chunks > 0 && chunk.number() == partial.chunks + 1 &&
             SameCheckpoint(partial.first, chunk)) {
    partial.state.append(chunk.data());
  } else {
    // Its beginning was trimmed, or never came: so is the rest passed over.
    partial_.erase(chunk.saver());
    return;
  }
  ++partial.chunks;
  if (partial.chunks < partial.first.count()) return;
  const uint64_t saver = partial.first.saver();
  Finish(std::move(partial));
  partial_.erase(saver);
}

void CheckpointAssembler::Finish(Partial partial) {
  ApplicationCheckpoint checkpoint;
  const bool intact = partial.state.size() == partial.first.state_bytes() &&
                      DigestOf(partial.state) == partial.first.state_xxh3() &&
                      CursorOf(partial.first, &checkpoint.at);
  if (!intact) {
    ++broken_;
    return;
  }
  checkpoint.acted = Lsn(partial.first.acted_lsn());
  checkpoint.state = std::move(partial.state);
  checkpoint.first_chunk = partial.first_chunk;
  whole_.insert(whole_.begin(), std::move(checkpoint));
  if (whole_.size() > kept_) whole_.pop_back();
}

std::vector<ApplicationCheckpoint> CheckpointAssembler::TakeNewest() {
  return std::exchange(whole_, {});
}

}  // namespace ringjournal::client
