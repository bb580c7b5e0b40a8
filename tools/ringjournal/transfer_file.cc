#include "tools/ringjournal/transfer_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "journal/base/limits.h"

namespace ringjournal::cli {
namespace {

constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";

// The path behind symbolic links, which the last one need not have a file behind.
std::string FollowLinks(std::string path) {
  constexpr int kLinksMax = 40;  // as the kernel's
  char target[4096];
  for (int i = 0; i < kLinksMax; ++i) {
    const ssize_t size = readlink(path.c_str(), target, sizeof target);
    if (size <= 0) break;
    const std::string_view next(target, static_cast<size_t>(size));
    const size_t slash = path.rfind('/');
    const bool from_here = next.starts_with('/') || slash == std::string::npos;
    path = (from_here ? "" : path.substr(0, slash + 1)).append(next);
  }
  return path;
}

}  // namespace

struct ExportFile::Zstd {
  Zstd() : context(ZSTD_createCCtx()) {}
  ~Zstd() { ZSTD_freeCCtx(context); }
  ZSTD_CCtx* context;
};

struct ImportFile::Zstd {
  Zstd() : context(ZSTD_createDCtx()) {}
  ~Zstd() { ZSTD_freeDCtx(context); }
  ZSTD_DCtx* context;
  bool in_frame = false;
};

ExportFile::ExportFile(Options options) : options_(std::move(options)) {}
ImportFile::ImportFile(std::string path) : path_(std::move(path)) {}

absl::StatusOr<std::unique_ptr<ExportFile>> ExportFile::Create(const Options& options) {
  std::unique_ptr<ExportFile> file(new ExportFile(options));
  if (options.zstd_level > 0) {
    file->zstd_ = std::make_unique<Zstd>();
    ZSTD_CCtx_setParameter(file->zstd_->context, ZSTD_c_compressionLevel, options.zstd_level);
    ZSTD_CCtx_setParameter(file->zstd_->context, ZSTD_c_checksumFlag, 1);
  }
  if (absl::Status status = file->Open(); !status.ok()) return status;
  return file;
}

absl::Status ExportFile::Open() {
  if (options_.path == "-") options_.path.clear();
  if (options_.path.empty()) {
    fd_ = STDOUT_FILENO;
    return absl::OkStatus();
  }
  struct stat info = {};
  const bool exists = stat(options_.path.c_str(), &info) == 0;
  if (exists && !S_ISREG(info.st_mode)) {
    // A name may not be taken away from a device, a FIFO or a directory (which open refuses).
    fd_ = open(options_.path.c_str(), O_WRONLY | O_CLOEXEC);
    return fd_ < 0 ? Failed("open") : absl::OkStatus();
  }
  options_.path = FollowLinks(options_.path);
  std::string part = absl::StrCat(options_.path, ".part");
  fd_ = open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (fd_ < 0) return Failed("open");
  part_ = part;
  // Best effort: on a file system without rights there are none to keep.
  if (exists) (void)fchmod(fd_, info.st_mode & 07777);
  return absl::OkStatus();
}

ExportFile::~ExportFile() {
  if (fd_ > STDOUT_FILENO) close(fd_);
  if (!part_.empty()) unlink(part_.c_str());
}

absl::Status ExportFile::Failed(const std::string& what) const {
  if (errno == EPIPE) return absl::CancelledError("the reader of the output is gone");
  std::string name = options_.path.empty() ? "stdout" : options_.path;
  return absl::InternalError(absl::StrCat(
      "cannot ", what, " ", name, ": ", strerror(errno), "; check the space and the rights there",
      part_.empty() ? "" : ". No incomplete export is left behind"));
}

absl::Status ExportFile::Write(std::string_view bytes) {
  if (zstd_ != nullptr) return Compress(bytes, false);
  buffer_.append(bytes);
  return buffer_.size() < limits::kOutputBufferBytes ? absl::OkStatus() : WriteOut();
}

absl::Status ExportFile::Compress(std::string_view bytes, bool end) {
  ZSTD_inBuffer in = {bytes.data(), bytes.size(), 0};
  for (;;) {
    size_t used = buffer_.size();
    buffer_.resize(used + ZSTD_CStreamOutSize());
    ZSTD_outBuffer out = {buffer_.data() + used, buffer_.size() - used, 0};
    size_t left =
        ZSTD_compressStream2(zstd_->context, &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
    buffer_.resize(used + out.pos);
    if (ZSTD_isError(left)) {
      return absl::InternalError(absl::StrCat("zstd: ", ZSTD_getErrorName(left)));
    }
    if (buffer_.size() >= limits::kOutputBufferBytes) {
      if (absl::Status s = WriteOut(); !s.ok()) return s;
    }
    if (end ? left == 0 : in.pos == in.size) return absl::OkStatus();
  }
}

absl::Status ExportFile::WriteOut() {
  size_t done = 0;
  while (done < buffer_.size()) {
    ssize_t n = write(fd_, buffer_.data() + done, buffer_.size() - done);
    if (n >= 0) {
      done += static_cast<size_t>(n);
    } else if (errno != EINTR) {
      return Failed("write");
    }
  }
  bytes_written_ += done;
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status ExportFile::Finish() {
  if (zstd_ != nullptr) {
    if (absl::Status s = Compress("", true); !s.ok()) return s;
  }
  if (absl::Status s = WriteOut(); !s.ok()) return s;
  if (part_.empty() && fd_ > STDOUT_FILENO && close(std::exchange(fd_, -1)) != 0) {
    return Failed("write");
  }
  if (part_.empty()) return absl::OkStatus();
  if (fsync(fd_) != 0 || close(std::exchange(fd_, -1)) != 0) return Failed("sync");
  if (rename(part_.c_str(), options_.path.c_str()) != 0) return Failed("rename the finished");
  part_.clear();
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<ImportFile>> ImportFile::Open(const std::string& path) {
  std::unique_ptr<ImportFile> file(new ImportFile(path == "-" ? "stdin" : path));
  file->fd_ = path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file->fd_ >= 0) return file;
  return absl::InternalError(
      absl::StrCat("cannot open ", path, ": ", strerror(errno), "; check the path and the rights"));
}

ImportFile::~ImportFile() {
  if (fd_ > STDIN_FILENO) close(fd_);
}

void ImportFile::Skip(size_t bytes) {
  at_ += bytes;
  offset_ += bytes;
}

absl::StatusOr<bool> ImportFile::Need(size_t bytes) {
  while (this->bytes().size() < bytes) {
    absl::StatusOr<bool> more = More();
    if (!more.ok() || !*more) return more;
  }
  return true;
}

absl::StatusOr<bool> ImportFile::More() {
  buffer_.erase(0, std::exchange(at_, 0));
  input_.resize(limits::kImportReadBytes);
  ssize_t n;
  do {
    n = read(fd_, input_.data(), input_.size());
  } while (n < 0 && errno == EINTR);
  if (n < 0) {
    return absl::InternalError(absl::StrCat("cannot read ", path_, ": ", strerror(errno)));
  }
  std::string_view got(input_.data(), static_cast<size_t>(n));
  if (!std::exchange(begun_, true) && got.starts_with(kZstdMagic)) zstd_ = std::make_unique<Zstd>();
  if (got.empty() && zstd_ != nullptr && zstd_->in_frame) {
    return absl::DataLossError(absl::StrCat(path_, ", byte ", offset_ + buffer_.size(),
                                            " (decompressed): the compressed file is cut off"));
  }
  if (got.empty()) return false;
  if (zstd_ == nullptr) {
    buffer_.append(got);
    return true;
  }
  absl::Status status = Decompress(got);
  if (!status.ok()) return status;
  return true;
}

absl::Status ImportFile::Decompress(std::string_view bytes) {
  ZSTD_inBuffer in = {bytes.data(), bytes.size(), 0};
  bool full = true;  // the output was: there may be more of it
  while (in.pos < in.size || full) {
    size_t used = buffer_.size();
    buffer_.resize(used + ZSTD_DStreamOutSize());
    ZSTD_outBuffer out = {buffer_.data() + used, buffer_.size() - used, 0};
    size_t left = ZSTD_decompressStream(zstd_->context, &out, &in);
    buffer_.resize(used + out.pos);
    if (ZSTD_isError(left)) {
      return absl::DataLossError(
          absl::StrCat(path_, ", byte ", offset_ + buffer_.size(),
                       " (decompressed): damaged zstd data: ", ZSTD_getErrorName(left)));
    }
    zstd_->in_frame = left != 0;
    full = out.pos == out.size;
  }
  return absl::OkStatus();
}

}  // namespace ringjournal::cli
