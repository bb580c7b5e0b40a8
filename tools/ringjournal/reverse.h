// Newest first.
#ifndef TOOLS_RINGJOURNAL_REVERSE_H_
#define TOOLS_RINGJOURNAL_REVERSE_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "client/reader.h"
#include "tools/ringjournal/context.h"
#include "tools/ringjournal/filter.h"
#include "tools/ringjournal/output.h"

namespace ringjournal::cli {

// The protocol reads forward only: pieces are read from the end of the range toward its beginning,
// each on a connection of its own, and printed backward. Holds at most kReverseBytesMax of output.
class ReverseRun {
 public:
  ReverseRun(client::ClientOptions client, client::ReaderOptions reader, OutputSpec spec,
             std::optional<Filter> filter, uint64_t count_max, OutputWriter* writer)
      : client_(std::move(client)),
        options_(std::move(reader)),
        spec_(std::move(spec)),
        filter_(std::move(filter)),
        count_max_(count_max),
        writer_(writer) {}

  // `first` is open on the whole range. Errors are the reader's, or the writer's.
  absl::Status Run(const client::Reader& first);
  uint64_t count() const { return count_; }
  // Everything from it on was printed.
  Lsn reached() const { return high_; }

 private:
  struct Printed {
    Lsn lsn;
    std::string text;
  };
  absl::Status ReadPiece(Lsn low);
  absl::Status PrintPiece();
  void Keep(const client::ReadTransaction& transaction);

  client::ClientOptions client_;
  client::ReaderOptions options_;
  OutputSpec spec_;
  std::optional<Filter> filter_;
  uint64_t count_max_;
  OutputWriter* writer_;
  std::deque<Printed> piece_;
  uint64_t piece_bytes_ = 0;
  Lsn piece_low_;  // all from here to high_ is in the piece
  Lsn high_;
  uint64_t count_ = 0;
};

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_REVERSE_H_
