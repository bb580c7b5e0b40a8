// Where the key, id, type and headers of an appended transaction come from.
#ifndef TOOLS_RINGJOURNAL_APPEND_FIELDS_H_
#define TOOLS_RINGJOURNAL_APPEND_FIELDS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/transaction.h"

namespace ringjournal::cli {

// As given on the command line.
struct FieldFlags {
  std::string id_delimiter, key_delimiter;  // empty: the input holds none
  std::optional<std::string> key;
  std::string type;
  std::vector<std::string> headers;  // NAME=VALUE

  bool empty() const {
    return id_delimiter.empty() && key_delimiter.empty() && !key && type.empty() && headers.empty();
  }
};

void AddFieldOptions(CLI::App* sub, FieldFlags* flags);

// Makes transactions of input records: ID, KEY and payload, each but the last behind its delimiter,
// and what is the same for all. One thread.
class FieldSplitter {
 public:
  // InvalidArgument, as a sentence: a header without a name, text that is no UTF-8, or two sources
  // of the key.
  static absl::StatusOr<FieldSplitter> Create(const FieldFlags& flags);

  // Views into `record` and into this object. InvalidArgument if a delimiter is missing: a record
  // that was meant to have a key must not lose it unnoticed.
  absl::StatusOr<client::Transaction> Split(std::string_view record) const;

 private:
  explicit FieldSplitter(FieldFlags flags) : flags_(std::move(flags)) {}

  FieldFlags flags_;
};

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_APPEND_FIELDS_H_
