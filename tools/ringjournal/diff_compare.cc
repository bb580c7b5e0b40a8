#include "tools/ringjournal/diff_compare.h"

#include <algorithm>

#include "journal/format/append_scan.h"
#include "tools/ringjournal/range_hash.h"

namespace ringjournal::cli {
namespace {

size_t FirstDifferentByte(std::string_view a, std::string_view b) {
  const size_t both = std::min(a.size(), b.size());
  for (size_t i = 0; i < both; ++i) {
    if (a[i] != b[i]) return i;
  }
  return both;
}

// The LSN of the transaction that the byte of the record lies in; the entry's first for its header.
uint64_t LsnOfByte(const RecordView& view, size_t byte) {
  uint64_t lsn = view.header.first_lsn.value();
  if (view.header.count == 0) return lsn;
  TransactionCursor cursor(view.body);
  ByteSpan transaction;
  for (uint32_t i = 0; cursor.Next(&transaction) && i < view.header.count; ++i) {
    const size_t end =
        static_cast<size_t>(transaction.data() - view.record.data()) + transaction.size();
    if (byte < end) return lsn + i;
  }
  return lsn;
}

DiffPlace PlaceOf(const DiffItem& item) {
  DiffPlace out;
  out.header = item.view.header;
  out.record = std::string(AsView(item.view.record));
  out.wrong = item.wrong;
  out.torn = item.torn;
  return out;
}

// One side, entry by entry or transaction by transaction.
class Side {
 public:
  Side(DiffSource* source, bool transactions_only)
      : source_(source), transactions_only_(transactions_only) {}

  // Goes to the next unit. False: the end.
  absl::StatusOr<bool> Next() {
    if (transactions_only_ && InsideEntry()) return true;
    for (;;) {
      absl::StatusOr<bool> here = source_->Next(&item_);
      if (!here.ok() || !*here) return here;
      if (!transactions_only_ || !item_.wrong.empty()) return true;
      cursor_ = TransactionCursor(item_.view.header.count > 0 ? item_.view.body : ByteSpan());
      lsn_ = item_.view.header.first_lsn;
      begun_ = false;
      if (InsideEntry()) return true;
    }
  }

  bool wrong() const { return !item_.wrong.empty(); }
  bool torn() const { return item_.torn; }
  // What the units are ordered by.
  uint64_t key() const {
    if (transactions_only_) return wrong() ? item_.view.header.first_lsn.value() : lsn_.value();
    return item_.view.header.index.value();
  }
  uint64_t first_lsn() const {
    return transactions_only_ ? key() : item_.view.header.first_lsn.value();
  }
  uint64_t transactions() const { return transactions_only_ ? 1 : item_.view.header.count; }
  std::string_view bytes() const {
    return AsView(transactions_only_ && !wrong() ? transaction_ : item_.view.record);
  }
  ByteSpan transaction() const { return transaction_; }
  const DiffItem& item() const { return item_; }

 private:
  bool InsideEntry() {
    if (begun_) lsn_ = lsn_.next();
    begun_ = cursor_.Next(&transaction_);
    return begun_;
  }

  DiffSource* source_;
  bool transactions_only_;
  DiffItem item_;
  TransactionCursor cursor_{ByteSpan()};
  ByteSpan transaction_;
  Lsn lsn_;
  bool begun_ = false;
};

class Comparison {
 public:
  Comparison(DiffSource* a, DiffSource* b, bool transactions_only)
      : a_(a, transactions_only), b_(b, transactions_only) {
    result_.transactions_only = transactions_only;
  }

  absl::StatusOr<DiffResult> Run() {
    if (absl::Status s = Move(&a_, &has_a_); !s.ok()) return s;
    if (absl::Status s = Move(&b_, &has_b_); !s.ok()) return s;
    const bool both = has_a_ && has_b_;
    result_.nothing_in_common = has_a_ != has_b_;
    if (both) {
      if (absl::Status s = SkipStart('A', &a_, &has_a_, b_.key()); !s.ok()) return s;
      if (absl::Status s = SkipStart('B', &b_, &has_b_, a_.key()); !s.ok()) return s;
      result_.nothing_in_common = !has_a_ || !has_b_;
    }
    while (has_a_ && has_b_ && !result_.difference.has_value()) {
      if (absl::Status s = Step(); !s.ok()) return s;
    }
    if (result_.difference.has_value()) return std::move(result_);
    if (absl::Status s = Rest('A', &a_, &has_a_); !s.ok()) return s;
    if (absl::Status s = Rest('B', &b_, &has_b_); !s.ok()) return s;
    return std::move(result_);
  }

 private:
  static absl::Status Move(Side* side, bool* has) {
    absl::StatusOr<bool> here = side->Next();
    if (!here.ok()) return here.status();
    *has = *here;
    return absl::OkStatus();
  }

  static void Count(const Side& side, OnlyOne* only) {
    if (only->entries++ == 0) only->first_lsn = side.first_lsn();
    only->last_lsn = side.first_lsn() + side.transactions() - 1;
  }

  // What lies below where the other side begins.
  absl::Status SkipStart(char name, Side* side, bool* has, uint64_t until) {
    OnlyOne only{.side = name, .at_start = true};
    while (*has && side->key() < until) {
      if (side->wrong()) return Alone(name, *side);
      Count(*side, &only);
      if (absl::Status s = Move(side, has); !s.ok()) return s;
    }
    if (only.entries > 0) result_.only.push_back(only);
    return absl::OkStatus();
  }

  // Damage where the other side holds nothing to compare it with.
  absl::Status Alone(char name, const Side& side) {
    Difference found;
    found.lsn = side.first_lsn();
    found.index = side.item().view.header.index.value();
    found.a = name == 'A' ? PlaceOf(side.item()) : DiffPlace{.held = false};
    found.b = name == 'B' ? PlaceOf(side.item()) : DiffPlace{.held = false};
    result_.difference = std::move(found);
    return absl::OkStatus();
  }

  absl::Status Step() {
    if (a_.torn() && b_.torn() && a_.bytes() == b_.bytes()) {
      has_a_ = has_b_ = false;
      return absl::OkStatus();
    }
    if (a_.wrong() || b_.wrong() || a_.key() != b_.key() || a_.bytes() != b_.bytes()) {
      NoteDifference();
      return absl::OkStatus();
    }
    if (result_.entries++ == 0) result_.first_lsn = a_.first_lsn();
    result_.transactions += a_.transactions();
    result_.last_lsn = a_.first_lsn() + a_.transactions() - 1;
    if (result_.transactions_only) {
      client::ReadTransaction t;
      t.encoded = a_.transaction();
      hash_.Add(t);
      result_.hash = hash_.value();
    } else {
      result_.hash = a_.item().view.header.chain;
    }
    if (absl::Status s = Move(&a_, &has_a_); !s.ok()) return s;
    return Move(&b_, &has_b_);
  }

  void NoteDifference() {
    Difference found;
    const Side& whole = a_.wrong() ? b_ : a_;
    found.index = whole.item().view.header.index.value();
    found.first_byte = FirstDifferentByte(a_.bytes(), b_.bytes());
    found.lsn = std::min(a_.first_lsn(), b_.first_lsn());
    if (!result_.transactions_only && !whole.wrong() && a_.key() == b_.key()) {
      found.lsn = LsnOfByte(whole.item().view, found.first_byte);
    }
    found.a = PlaceOf(a_.item());
    found.b = PlaceOf(b_.item());
    result_.difference = std::move(found);
  }

  // What lies above where the other side ends.
  absl::Status Rest(char name, Side* side, bool* has) {
    OnlyOne only{.side = name};
    while (*has) {
      if (side->torn()) break;
      if (side->wrong()) return Alone(name, *side);
      Count(*side, &only);
      if (absl::Status s = Move(side, has); !s.ok()) return s;
    }
    if (only.entries > 0) result_.only.push_back(only);
    return absl::OkStatus();
  }

  Side a_, b_;
  bool has_a_ = false, has_b_ = false;
  RangeHash hash_;
  DiffResult result_;
};

}  // namespace

absl::StatusOr<DiffResult> Compare(DiffSource* a, DiffSource* b, bool transactions_only) {
  return Comparison(a, b, transactions_only).Run();
}

}  // namespace ringjournal::cli
