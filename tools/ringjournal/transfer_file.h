// Files of export and import, compressed or not.
#ifndef TOOLS_RINGJOURNAL_TRANSFER_FILE_H_
#define TOOLS_RINGJOURNAL_TRANSFER_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace ringjournal::cli {

// An export on its way out. A file appears under its name only when it is complete and on disk;
// until then it is FILE.part, which goes if it is not finished. It follows symbolic links and keeps
// the rights of a file that it replaces. A device or a FIFO is written into as it is. One thread.
class ExportFile {
 public:
  struct Options {
    std::string path;    // empty or -: stdout
    int zstd_level = 0;  // 0: not compressed
  };
  static absl::StatusOr<std::unique_ptr<ExportFile>> Create(const Options& options);
  ~ExportFile();

  // Cancelled: whoever reads stdout is gone. Internal: errno's text, and what to do.
  absl::Status Write(std::string_view bytes);
  // Everything is out, and the file has its name.
  absl::Status Finish();
  uint64_t bytes_written() const { return bytes_written_; }

 private:
  struct Zstd;
  explicit ExportFile(Options options);
  absl::Status Open();
  absl::Status Compress(std::string_view bytes, bool end);
  absl::Status WriteOut();
  absl::Status Failed(const std::string& what) const;

  Options options_;
  int fd_ = -1;
  std::string part_;  // the file's name until it is finished; empty: none
  std::string buffer_;
  uint64_t bytes_written_ = 0;
  std::unique_ptr<Zstd> zstd_;
};

// An import's bytes, decompressed if they are zstd's. One thread.
class ImportFile {
 public:
  // `path`: - is stdin. Internal, with errno's text, if it cannot be opened.
  static absl::StatusOr<std::unique_ptr<ImportFile>> Open(const std::string& path);
  ~ImportFile();

  // Bytes that are here, from offset() on. Valid until More or Skip.
  std::string_view bytes() const { return std::string_view(buffer_).substr(at_); }
  // Gets more. False: there are no more. DataLoss: the compressed bytes are damaged or cut off.
  absl::StatusOr<bool> More();
  // Makes at least so many bytes available, if the file has them.
  absl::StatusOr<bool> Need(size_t bytes);
  void Skip(size_t bytes);
  // Of the decompressed bytes: where bytes() begins.
  uint64_t offset() const { return offset_; }
  const std::string& path() const { return path_; }
  bool compressed() const { return zstd_ != nullptr; }

 private:
  struct Zstd;
  explicit ImportFile(std::string path);
  absl::Status Decompress(std::string_view bytes);

  std::string path_;
  int fd_ = -1;
  std::string input_, buffer_;
  size_t at_ = 0;
  uint64_t offset_ = 0;
  bool begun_ = false;
  std::unique_ptr<Zstd> zstd_;
};

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_TRANSFER_FILE_H_
