#include "tools/ringjournal/transfer_format.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "journal/base/limits.h"
#include "journal/format/append_scan.h"
#include "journal/format/entry_layout.h"
#include "journal/segment/segment_scan.h"
#include "proto/export.pb.h"
#include "tools/ringjournal/json.h"
#include "tools/ringjournal/output.h"

namespace ringjournal::cli {
namespace {

constexpr std::byte kRecordTag{0x0a};  // Entries.entries

absl::Status Refuse(const ImportFile& file, uint64_t offset, const std::string& what) {
  return absl::DataLossError(absl::StrCat(file.path(), ", byte ", offset,
                                          file.compressed() ? " (decompressed)" : "", ": ", what));
}

// Reads one kind of file. Holds one message at a time.
class Importer {
 public:
  Importer(ImportFile* file, ImportState* state, const TakeImported& take)
      : file_(file), state_(state), take_(take) {}

  absl::Status Entries() {
    for (;;) {
      RecordView view;
      absl::StatusOr<bool> here = PeekEntry(file_, &view);
      if (!here.ok()) return here.status();
      if (!*here) return absl::OkStatus();
      if (absl::Status s = OneEntry(view); !s.ok()) return s;
    }
  }

  // The whole file at once: its groups say which of its bytes count.
  absl::Status Segment() {
    absl::StatusOr<bool> rest = file_->Need(limits::kSegmentBytesMax);
    if (!rest.ok()) return rest.status();
    ByteSpan bytes = AsBytes(file_->bytes());
    absl::Status status;
    SegmentScan scan = ScanSegment(bytes, ScanOptions{}, [&](const RecordView& view) {
      uint64_t offset = static_cast<uint64_t>(view.record.data() - bytes.data());
      if (status.ok()) status = Continues(view, offset);
      if (status.ok() && view.header.index.value() >= wanted_) status = Give(view, offset);
    });
    if (!status.ok()) return status;
    bool fine = scan.verdict == SegmentVerdict::kClosed ||
                scan.verdict == SegmentVerdict::kOpenEnd ||
                scan.verdict == SegmentVerdict::kTornTail;
    if (!fine) return Refuse(*file_, scan.end_offset, scan.sentence);
    return absl::OkStatus();
  }

  absl::Status Delimited() {
    for (;;) {
      absl::StatusOr<bool> here = file_->Need(1);
      if (!here.ok()) return here.status();
      if (!*here) return absl::OkStatus();
      if (absl::StatusOr<bool> head = file_->Need(10); !head.ok()) return head.status();
      std::string_view bytes = file_->bytes();
      const std::byte* pos = AsBytes(bytes).data();
      const std::byte* begin = pos;
      uint64_t size = 0;
      bool readable = ReadVarint(&pos, begin + bytes.size(), &size);
      if (!readable || size > limits::kFrameBytesMax) {
        return Wrong("no length of a message stands here: this is no delimited export");
      }
      size_t head = static_cast<size_t>(pos - begin);
      absl::StatusOr<bool> whole = file_->Need(head + size);
      if (!whole.ok()) return whole.status();
      if (!*whole) return Wrong("the file ends inside this transaction: it was cut off");
      v1::ExportedTransaction message;
      std::string_view body = file_->bytes().substr(head, size);
      if (!message.ParseFromArray(body.data(), static_cast<int>(size))) {
        return Wrong("no ExportedTransaction stands here");
      }
      if (absl::Status s = Give(message); !s.ok()) return s;
      file_->Skip(head + size);
    }
  }

  absl::Status Jsonl() {
    for (;;) {
      absl::StatusOr<size_t> end = FindLine();
      if (!end.ok()) return end.status();
      std::string_view line = file_->bytes().substr(0, *end);
      bool last = *end == file_->bytes().size();
      if (last && line.empty()) return absl::OkStatus();
      ++line_;
      if (!line.empty()) {
        v1::ExportedTransaction message;
        auto status = google::protobuf::util::JsonStringToMessage(
            google::protobuf::StringPiece(line.data(), line.size()), &message);
        if (!status.ok()) {
          return Wrong(absl::StrCat(
              "line ", line_, " is no ExportedTransaction in JSON: ", std::string(status.message()),
              "; payload, key, id and the values of headers are base64, so "
              "that they may hold any bytes (\"alice\" is \"YWxpY2U=\")"));
        }
        if (absl::Status s = Give(message); !s.ok()) return s;
      }
      file_->Skip(*end + (last ? 0 : 1));
    }
  }

 private:
  absl::Status Wrong(const std::string& what) const {
    return Refuse(*file_, file_->offset(), what);
  }

  absl::Status OneEntry(const RecordView& view) {
    if (absl::Status s = Continues(view, file_->offset()); !s.ok()) return s;
    if (view.header.index.value() >= wanted_) {
      if (absl::Status s = Give(view, file_->offset()); !s.ok()) return s;
    }
    file_->Skip(view.record.size());
    return absl::OkStatus();
  }

  // Entries of several files overlap where one superseded another; the chain says whether they are
  // of one journal.
  absl::Status Continues(const RecordView& view, uint64_t offset) {
    uint64_t index = view.header.index.value();
    wanted_ = std::max<uint64_t>(state_->next_index, 1);
    if (state_->next_index == 0) {
      wanted_ = index;
    } else if (index < wanted_) {
      return absl::OkStatus();  // a file before it held it
    } else if (index > wanted_) {
      return Refuse(*file_, offset,
                    absl::StrCat("entry ", index, " stands here, but ", wanted_,
                                 " must follow what came before: a part or a file is missing"));
    } else if (ComputeChain(view, state_->chain) != view.header.chain) {
      return Refuse(*file_, offset,
                    absl::StrCat("entry ", index,
                                 " does not continue the entry before it: it is "
                                 "of another journal, or was changed"));
    }
    state_->next_index = index + 1;
    state_->chain = view.header.chain;
    return absl::OkStatus();
  }

  absl::Status Give(const RecordView& view, uint64_t offset) {
    if (view.header.count == 0) return absl::OkStatus();
    TransactionCursor cursor(view.body);
    Imported one{.lsn = view.header.first_lsn, .offset = offset};
    for (; cursor.Next(&one.encoded); one.lsn = one.lsn.next()) {
      if (absl::Status s = take_(one); !s.ok()) return s;
    }
    return absl::OkStatus();
  }

  absl::Status Give(const v1::ExportedTransaction& message) {
    if (!message.has_transaction()) return Wrong("it holds no transaction");
    encoded_ = message.transaction().SerializeAsString();
    if (encoded_.size() > limits::kTransactionBytesMax)
      return Wrong("the transaction is too large");
    return take_({AsBytes(encoded_), Lsn(message.lsn()), file_->offset()});
  }

  // Bytes up to the next newline, or to the file's end.
  absl::StatusOr<size_t> FindLine() {
    size_t searched = 0;
    for (;;) {
      size_t newline = file_->bytes().find('\n', searched);
      if (newline != std::string_view::npos) return newline;
      searched = file_->bytes().size();
      if (searched > limits::kImportLineBytesMax) return Wrong("a line is too long for an export");
      absl::StatusOr<bool> more = file_->More();
      if (!more.ok()) return more.status();
      if (!*more) return file_->bytes().size();
    }
  }

  ImportFile* file_;
  ImportState* state_;
  const TakeImported& take_;
  uint64_t wanted_ = 1;  // index of the next entry that is new
  uint64_t line_ = 0;
  std::string encoded_;
};

// By the first bytes: a segment opens with its description, an export with an entry or a brace.
TransferFormat Guess(std::string_view bytes) {
  if (bytes.starts_with("{\"")) return TransferFormat::kJsonl;
  RecordView view;
  RecordVerdict verdict = ParseRecord(AsBytes(bytes), &view);
  bool entry = verdict == RecordVerdict::kOk || verdict == RecordVerdict::kCutOff ||
               verdict == RecordVerdict::kBodyCrc;
  if (!bytes.empty() && AsBytes(bytes)[0] == kDescriptionTag) return TransferFormat::kEntries;
  return entry && AsBytes(bytes)[0] == kRecordTag ? TransferFormat::kEntries
                                                  : TransferFormat::kGuess;
}

}  // namespace

std::map<std::string, TransferFormat> TransferFormats() {
  return {{"entries", TransferFormat::kEntries},
          {"delimited", TransferFormat::kDelimited},
          {"json", TransferFormat::kJsonl},  // as cat calls it
          {"jsonl", TransferFormat::kJsonl}};
}

void FormatExported(const client::ReadTransaction& t, TransferFormat format, std::string* out) {
  v1::ExportedTransaction message;
  message.set_lsn(t.lsn.value());
  message.set_index(t.index.value());
  message.set_generation(t.epoch.generation);
  message.set_epoch(t.epoch.epoch);
  message.set_log_time(FormatTime(t.log_time_ns));
  message.mutable_transaction()->ParseFromArray(t.encoded.data(),
                                                static_cast<int>(t.encoded.size()));
  if (format == TransferFormat::kJsonl) {
    absl::StrAppend(out, ToJson(message), "\n");
    return;
  }
  std::byte length[10];
  std::byte* end = WriteVarint(length, message.ByteSizeLong());
  out->append(AsView({length, static_cast<size_t>(end - length)}));
  message.AppendToString(out);
}

absl::StatusOr<bool> PeekEntry(ImportFile* file, RecordView* view) {
  absl::StatusOr<bool> here = file->Need(1);
  if (!here.ok() || !*here) return here;
  const auto wrong = [&](const std::string& what) { return Refuse(*file, file->offset(), what); };
  if (AsBytes(file->bytes())[0] != kRecordTag) {
    return wrong("no entry stands here: this is no export of entries, or damaged");
  }
  if (here = file->Need(RecordBytes(0)); !here.ok()) return here;
  RecordVerdict verdict = ParseRecord(AsBytes(file->bytes()), view);
  while (verdict == RecordVerdict::kCutOff && file->bytes().size() < limits::kFrameBytesMax) {
    absl::StatusOr<bool> more = file->More();
    if (!more.ok()) return more;
    if (!*more) return wrong("the file ends inside this entry: it was cut off");
    verdict = ParseRecord(AsBytes(file->bytes()), view);
  }
  if (verdict == RecordVerdict::kOk) verdict = VerifyBody(*view);
  if (verdict == RecordVerdict::kOk) return true;
  return wrong(absl::StrCat("the entry is damaged: ", RecordVerdictText(verdict)));
}

absl::Status ReadImport(const std::string& path, TransferFormat format, ImportState* state,
                        const TakeImported& take) {
  absl::StatusOr<std::unique_ptr<ImportFile>> opened = ImportFile::Open(path);
  if (!opened.ok()) return opened.status();
  ImportFile* file = opened->get();
  absl::StatusOr<bool> first = file->Need(512);
  if (!first.ok()) return first.status();
  Importer importer(file, state, take);
  if (format == TransferFormat::kGuess) format = Guess(file->bytes());
  switch (format) {
    case TransferFormat::kEntries:
      return !file->bytes().empty() && AsBytes(file->bytes())[0] == kDescriptionTag
                 ? importer.Segment()
                 : importer.Entries();
    case TransferFormat::kDelimited:
      return importer.Delimited();
    case TransferFormat::kJsonl:
      return importer.Jsonl();
    case TransferFormat::kGuess:
      break;
  }
  if (file->bytes().empty()) return absl::OkStatus();
  return Refuse(
      *file, 0,
      absl::StrCat("starts with \"", absl::CHexEscape(std::string(file->bytes().substr(0, 16))),
                   "\": no segment, and no export that shows what it is; if it is a "
                   "delimited or jsonl one, say so with --format"));
}

}  // namespace ringjournal::cli
