// The book's whole state: to a message, from a message, and as a digest.
#include <cstdlib>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "examples/matching_engine/order_book.h"
#include "journal/base/bytes.h"
#include "journal/base/check.h"
#include "journal/base/checksum.h"

namespace ringjournal::matching {
namespace {

// Words that are hashed as little-endian bytes. Lists come with their length, so that no two
// different states give the same words.
class WordHash {
 public:
  void Add(uint64_t word) { words_.push_back(word); }
  // Level by level, so that the words of a large book are never all in memory.
  void Fold() {
    digest_ = ChainHash(digest_, std::as_bytes(std::span(words_)));
    words_.clear();
  }
  uint64_t digest() const { return digest_; }

 private:
  std::vector<uint64_t> words_;
  uint64_t digest_ = 0;
};

void AddTotals(const Totals& totals, WordHash* hash) {
  for (const uint64_t word : {totals.last_input.value(), totals.commands, totals.trades,
                              totals.traded_size, totals.trade_digest}) {
    hash->Add(word);
  }
  // Those that happened only: a reason that is added later does not change older digests.
  for (size_t reason = 0; reason < totals.rejects.size(); ++reason) {
    if (totals.rejects[reason] == 0) continue;
    hash->Add(reason);
    hash->Add(totals.rejects[reason]);
  }
  hash->Fold();
}

absl::Status Damaged(const std::string& what) {
  return absl::DataLossError(
      absl::StrCat("book snapshot: ", what,
                   ". No book saves that, so it was damaged or made by hand. Load an older "
                   "snapshot, or apply the input journal from its first input number"));
}

const char* NameOf(Side side) { return side == SIDE_BUY ? "bid" : "ask"; }

}  // namespace

uint64_t OrderBook::Digest() const {
  WordHash hash;
  AddTotals(totals_, &hash);
  for (const Levels* levels : {&bids_, &asks_}) {
    hash.Add(levels->size());
    for (const auto& [key, level] : *levels) {
      hash.Add(static_cast<uint64_t>(std::abs(key)));
      hash.Add(level.size());
      for (const Resting& order : level) {
        hash.Add(order.order_id);
        hash.Add(order.size);
      }
      hash.Fold();
    }
  }
  hash.Fold();
  return hash.digest();
}

BookSnapshot OrderBook::Save() const {
  BookSnapshot snapshot;
  snapshot.set_version(kSnapshotVersion);
  SaveTotals(&snapshot);
  SaveLevels(&snapshot);
  snapshot.set_digest(Digest());
  return snapshot;
}

void OrderBook::SaveTotals(BookSnapshot* snapshot) const {
  snapshot->set_last_input(totals_.last_input.value());
  snapshot->set_commands(totals_.commands);
  snapshot->set_trades(totals_.trades);
  snapshot->set_traded_size(totals_.traded_size);
  snapshot->set_trade_digest(totals_.trade_digest);
  for (size_t reason = 0; reason < totals_.rejects.size(); ++reason) {
    if (totals_.rejects[reason] == 0) continue;
    BookSnapshot::RejectCount* saved = snapshot->add_rejects();
    saved->set_reason(static_cast<RejectReason>(reason));
    saved->set_count(totals_.rejects[reason]);
  }
}

void OrderBook::SaveLevels(BookSnapshot* snapshot) const {
  for (const Side side : {SIDE_BUY, SIDE_SELL}) {
    for (const auto& [key, level] : LevelsOf(side)) {
      BookSnapshot::Level* saved = side == SIDE_BUY ? snapshot->add_bids() : snapshot->add_asks();
      saved->set_price(std::abs(key));
      for (const Resting& order : level) {
        BookSnapshot::RestingOrder* resting = saved->add_orders();
        resting->set_order_id(order.order_id);
        resting->set_size(order.size);
      }
    }
  }
}

absl::StatusOr<OrderBook> OrderBook::Load(const BookSnapshot& snapshot) {
  if (snapshot.version() != kSnapshotVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("book snapshot: its version is ", snapshot.version(),
                     " and this program knows ", kSnapshotVersion,
                     " only, so it cannot tell what the rest means. Run the program that "
                     "saved it, or apply the input journal from its first input number"));
  }
  OrderBook book;
  RJ_RETURN_IF_ERROR(book.LoadTotals(snapshot));
  RJ_RETURN_IF_ERROR(book.LoadSide(SIDE_BUY, snapshot));
  RJ_RETURN_IF_ERROR(book.LoadSide(SIDE_SELL, snapshot));
  const auto bid = book.Best(SIDE_BUY), ask = book.Best(SIDE_SELL);
  if (bid && ask && bid->price >= ask->price) {
    return Damaged(absl::StrCat("the best bid ", bid->price, " is not below the best ask ",
                                ask->price, ", and the two would have traded"));
  }
  if (const uint64_t digest = book.Digest(); digest != snapshot.digest()) {
    return Damaged(absl::StrCat("its content has the digest ", absl::Hex(digest, absl::kZeroPad16),
                                " and it says ", absl::Hex(snapshot.digest(), absl::kZeroPad16)));
  }
  return book;
}

absl::Status OrderBook::LoadTotals(const BookSnapshot& snapshot) {
  totals_.last_input = InputNumber(snapshot.last_input());
  totals_.commands = snapshot.commands();
  totals_.trades = snapshot.trades();
  totals_.traded_size = snapshot.traded_size();
  totals_.trade_digest = snapshot.trade_digest();
  int last_reason = REJECT_STALE_INPUT;
  for (const BookSnapshot::RejectCount& saved : snapshot.rejects()) {
    const int reason = saved.reason();
    if (!RejectReason_IsValid(reason) || reason <= last_reason || saved.count() == 0) {
      return Damaged(absl::StrCat("reject reason ", reason, " with count ", saved.count(),
                                  " behind reason ", last_reason,
                                  " is unknown, out of order or never happened"));
    }
    totals_.rejects[static_cast<size_t>(reason)] = saved.count();
    last_reason = reason;
  }
  return absl::OkStatus();
}

absl::Status OrderBook::LoadSide(Side side, const BookSnapshot& snapshot) {
  const auto& levels = side == SIDE_BUY ? snapshot.bids() : snapshot.asks();
  int64_t last_key = std::numeric_limits<int64_t>::min();
  for (int i = 0; i < levels.size(); ++i) {
    RJ_RETURN_IF_ERROR(LoadLevel(side, i + 1, levels[i]));
    const int64_t key = Key(side, levels[i].price());
    if (key <= last_key) {
      return Damaged(absl::StrCat(NameOf(side), " level ", i + 1, " has the price ",
                                  levels[i].price(), ", which is not worse than the level before"));
    }
    last_key = key;
  }
  return absl::OkStatus();
}

absl::Status OrderBook::LoadLevel(Side side, int number, const BookSnapshot::Level& level) {
  const std::string name = absl::StrCat(NameOf(side), " level ", number);
  if (level.price() <= 0 || level.price() > kPriceMax) {
    return Damaged(
        absl::StrCat(name, " has the price ", level.price(), ", not one from 1 to ", kPriceMax));
  }
  if (level.orders().empty()) return Damaged(absl::StrCat(name, " has no orders"));
  for (const BookSnapshot::RestingOrder& order : level.orders()) {
    const std::string which = absl::StrCat("order ", order.order_id(), " in ", name);
    if (order.size() == 0 || order.size() > kSizeMax) {
      return Damaged(
          absl::StrCat(which, " has the size ", order.size(), ", not one from 1 to ", kSizeMax));
    }
    if (order.order_id() == 0) return Damaged(absl::StrCat(which, " has no id"));
    if (!Rest(side, level.price(), {.order_id = order.order_id(), .size = order.size()})) {
      return Damaged(absl::StrCat(which, " is there twice"));
    }
  }
  return absl::OkStatus();
}

}  // namespace ringjournal::matching
