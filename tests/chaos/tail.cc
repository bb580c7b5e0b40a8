#include "tests/chaos/tail.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/errors.h"
#include "io/clock.h"
#include "tests/chaos/payload.h"

namespace ringjournal::chaos {
namespace {

constexpr int64_t kLookNs = 50'000'000;
constexpr int64_t kReopenNs = 20'000'000;

}  // namespace

Tail::Tail(const TailOptions& options)
    : options_(options), file_(absl::StrCat(options.folder, "/t", options.number, ".history")) {
  thread_ = std::thread([this] { Run(); });
}

Tail::~Tail() {
  ending_ = true;
  thread_.join();
}

void Tail::Run() {
  while (!ending_) {
    if (reader_ == nullptr) {
      Open();
      continue;
    }
    client::ReadTransaction t;
    absl::StatusOr<client::ReadStep> step = reader_->Next(&t, kLookNs);
    if (!step.ok()) {
      Failed(step.status());
    } else if (*step == client::ReadStep::kTransaction) {
      Note(t);
    }
  }
}

void Tail::Open() {
  client::ReaderOptions options;
  options.journal = options_.journal;
  options.from = client::Position::At(Lsn(at_lsn_ + 1));
  options.follow = true;
  options.accept_generation = accept_generation_;
  auto reader = client::Reader::Open(
      {.server = options_.servers, .client_name = "chaos", .retry_for_ns = 120'000'000'000},
      options);
  if (reader.ok()) {
    reader_ = *std::move(reader);
  } else {
    io::Pause(kReopenNs);
  }
}

void Tail::Note(const client::ReadTransaction& t) {
  const std::string_view payload(reinterpret_cast<const char*>(t.payload.data()), t.payload.size());
  const PayloadName name = NameOf(payload).value_or(PayloadName{});
  file_.Add(absl::StrCat("t ", t.lsn.value(), " ", t.index.value(), " ", t.chain, " ",
                         t.epoch.generation, " ", t.epoch.epoch, " ", name.producer, " ",
                         name.number));
  at_lsn_ = t.lsn.value();
}

// A loss is accepted, and read on where it begins; anything else is for the checker to judge.
void Tail::Failed(const absl::Status& status) {
  if (client::CodeOf(status) == client::ErrorCode::kDataLoss && reader_->last_loss()) {
    const client::LossNotice loss = *reader_->last_loss();
    file_.Add(
        absl::StrCat("l ", io::MonotonicNs(), " ", loss.generation, " ", loss.first_lsn.value()));
    accept_generation_ = loss.generation;
    at_lsn_ = std::min(at_lsn_.load(), loss.first_lsn.value() - 1);
  } else {
    file_.Add(absl::StrCat("e ", io::MonotonicNs(), " ",
                           client::ErrorCodeName(client::CodeOf(status)), " ",
                           std::string(status.message())));
    io::Pause(kReopenNs);
  }
  reader_.reset();
}

}  // namespace ringjournal::chaos
