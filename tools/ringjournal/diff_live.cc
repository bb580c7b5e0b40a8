// Sides of a diff that servers hold: a journal as its leader serves it, and one node's copy.
#include <unistd.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/reader.h"
#include "tools/ringjournal/ask_cluster.h"
#include "tools/ringjournal/diff_source.h"

namespace ringjournal::cli {
namespace {

constexpr int64_t kRetryForNs = 10'000'000'000;
constexpr uint32_t kAnswerBytes = 256 * 1024;

// What is committed, from the oldest that is kept to where the end was when it was opened.
class JournalSource : public DiffSource {
 public:
  JournalSource(std::string name, std::unique_ptr<client::Reader> reader)
      : reader_(std::move(reader)) {
    name_ = std::move(name);
    journal_ = reader_->journal_id().ToHex();
  }
  absl::StatusOr<bool> Next(DiffItem* item) override {
    *item = DiffItem();
    absl::StatusOr<client::ReadStep> step = reader_->NextEntry(&item->view);
    if (!step.ok()) return step.status();
    return *step == client::ReadStep::kTransaction;
  }

 private:
  std::unique_ptr<client::Reader> reader_;
};

// What is committed in the memory of one node, asked for piece by piece.
class CopySource : public DiffSource {
 public:
  CopySource(const Context& context, const std::string& side, std::string journal_name,
             std::string address)
      : context_(context), journal_name_(std::move(journal_name)), address_(std::move(address)) {
    name_ = side;
  }
  void set_journal(std::string id) { journal_ = std::move(id); }

  absl::StatusOr<bool> Next(DiffItem* item) override {
    *item = DiffItem();
    if (told_) return false;
    if (at_ == entries_.size()) {
      if (absl::Status s = More(); !s.ok()) return s;
      if (entries_.empty()) return false;
    }
    ByteSpan rest = AsBytes(std::string_view(entries_).substr(at_));
    RecordVerdict verdict = ParseRecord(rest, &item->view);
    if (verdict == RecordVerdict::kOk) verdict = VerifyBody(item->view);
    std::string wrong = verdict == RecordVerdict::kOk ? "" : RecordVerdictText(verdict);
    if (wrong.empty() && position_.next_index > Index(1) && begun_) {
      LogPosition position = position_;
      wrong = position.Advance(item->view);
    }
    if (!wrong.empty()) return Damaged(rest, wrong, item);
    const EntryHeader& h = item->view.header;
    position_ = {h.index.next(), h.next_lsn(), h.chain, h.epoch};
    begun_ = true;
    at_ += item->view.record.size();
    return true;
  }

  std::string bounds() const override { return "a node answers for what its memory holds"; }

 private:
  bool Damaged(ByteSpan rest, const std::string& wrong, DiffItem* item) {
    told_ = true;
    item->wrong = absl::StrCat("the memory of ", address_, ": ", wrong);
    if (item->view.record.empty()) item->view.record = rest;
    item->view.header.index = position_.next_index;
    item->view.header.first_lsn = position_.next_lsn;
    return true;
  }

  absl::Status More() {
    entries_.clear();
    at_ = 0;
    v1::ClientMessage request;
    request.mutable_journal_hash()->set_name(journal_name_);
    request.mutable_journal_hash()->set_entries_bytes_max(kAnswerBytes);
    if (begun_) request.mutable_journal_hash()->set_index(position_.next_index.value());
    auto reply = AskNode(context_, address_, request);
    if (!reply.ok()) return reply.status();
    const v1::JournalHashReply& hash = reply->journal_hash_reply();
    if (begun_ && hash.ring_first_index() > position_.next_index.value()) {
      return absl::AbortedError(absl::StrCat(
          "the memory of ", address_, " has moved on to entry ", hash.ring_first_index(),
          " while it was read; compare while less is appended, or compare files"));
    }
    entries_ = hash.entries();
    return absl::OkStatus();
  }

  const Context& context_;
  std::string journal_name_, address_;
  std::string entries_;
  size_t at_ = 0;
  LogPosition position_;
  bool begun_ = false, told_ = false;
};

absl::Status NoServer(const std::string& side) {
  return absl::InvalidArgumentError(
      absl::StrCat(side,
                   ": there is no such file, and to take it for a journal a server is "
                   "needed: pass --server HOST:PORT or set RINGJOURNAL_SERVER"));
}

std::string IdIn(const v1::StatusReply& status, const std::string& journal) {
  for (const v1::JournalReply& j : status.journals()) {
    JournalId id;
    if (j.config().name() == journal && JournalId::FromView(j.config().id(), &id)) {
      return id.ToHex();
    }
  }
  return "";
}

}  // namespace

absl::StatusOr<std::unique_ptr<DiffSource>> OpenDiffJournal(const Context& context,
                                                            const std::string& side) {
  const size_t slash = side.find('/');
  client::ClientOptions client = context.ClientOptions(kRetryForNs);
  client::ReaderOptions options;
  options.journal = slash == std::string::npos ? side : side.substr(slash + 1);
  options.from = client::Position::Oldest();
  if (slash != std::string::npos) client.server = side.substr(0, slash);
  if (client.server.empty()) return NoServer(side);
  auto reader = client::Reader::Open(client, options);
  if (!reader.ok()) return reader.status();
  return std::make_unique<JournalSource>(side, *std::move(reader));
}

absl::StatusOr<std::unique_ptr<DiffSource>> OpenDiffCopy(const Context& context,
                                                         const std::string& side) {
  const size_t at = side.find('@');
  const std::string journal = side.substr(0, at), node = side.substr(at + 1);
  std::string address = node.find(':') == std::string::npos ? "" : node;
  if (address.empty() && context.server.empty()) return NoServer(side);
  Context asked = context;
  if (!address.empty()) asked.server = address;
  absl::StatusOr<std::vector<NodeAnswer>> nodes = AskAllNodes(asked);
  if (!nodes.ok()) return nodes.status();
  std::string known, id;
  for (const NodeAnswer& answer : *nodes) {
    absl::StrAppend(&known, known.empty() ? "" : ", ", answer.node.node());
    const bool meant =
        answer.node.node() == node || (!address.empty() && answer.node.address() == address);
    if (!meant && nodes->size() > 1) continue;
    if (address.empty()) address = answer.node.address();
    id = IdIn(answer.status, journal);
  }
  if (nodes->size() == 1 && nodes->front().node.address().empty()) address = asked.server;
  if (address.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(side, ": there is no node ", node, "; the cluster has ", known));
  }
  auto source = std::make_unique<CopySource>(context, side, journal, address);
  source->set_journal(id);
  return source;
}

absl::StatusOr<std::unique_ptr<DiffSource>> OpenDiffSource(const Context& context,
                                                           const std::string& side,
                                                           const DiffOptions& options) {
  if (access(side.c_str(), F_OK) == 0) return OpenDiffFiles(side, options.journal);
  if (side.find('@') != std::string::npos) return OpenDiffCopy(context, side);
  const size_t slash = side.find('/');
  if (slash != std::string::npos && side.find(':') > slash) {
    return absl::InvalidArgumentError(absl::StrCat(side, ": there is no such file or directory"));
  }
  return OpenDiffJournal(context, side);
}

}  // namespace ringjournal::cli
