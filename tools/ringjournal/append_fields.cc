#include "tools/ringjournal/append_fields.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "journal/base/bytes.h"
#include "journal/format/utf8.h"

namespace ringjournal::cli {
namespace {

// An empty one would stand everywhere, and not at all.
std::string RefuseEmpty(const std::string& delimiter) {
  return delimiter.empty() ? "it takes at least one character, such as ':' or $'\\t'" : "";
}

// Takes what stands before the delimiter off the record.
absl::StatusOr<std::string_view> TakeField(const char* name, const std::string& delimiter,
                                           std::string_view* record) {
  const size_t at = record->find(delimiter);
  if (at == std::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat("it has no '", delimiter, "', which --", name,
                                                   "-delimiter says stands behind "
                                                   "its ",
                                                   name, ": correct the input, or the delimiter"));
  }
  std::string_view field = record->substr(0, at);
  record->remove_prefix(at + delimiter.size());
  return field;
}

}  // namespace

void AddFieldOptions(CLI::App* sub, FieldFlags* flags) {
  sub->add_option("-K,--key-delimiter", flags->key_delimiter,
                  "Each transaction begins with its key and this: KEY:payload with -K :")
      ->type_name("DELIMITER")
      ->check(RefuseEmpty);
  sub->add_option("-k,--key", flags->key, "Key of every transaction")->type_name("KEY");
  sub->add_option("--id-delimiter", flags->id_delimiter,
                  "The same with its id, which stands before a key")
      ->type_name("DELIMITER")
      ->check(RefuseEmpty);
  sub->add_option("--type", flags->type, "Full protobuf name of the payloads' message")
      ->type_name("NAME");
  sub->add_option("-H,--header", flags->headers, "Header of every transaction; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
}

absl::StatusOr<FieldSplitter> FieldSplitter::Create(const FieldFlags& flags) {
  if (flags.key && !flags.key_delimiter.empty()) {
    return absl::InvalidArgumentError(
        "--key and --key-delimiter contradict each other: give one source of the key");
  }
  if (!IsUtf8(AsBytes(flags.type))) {
    return absl::InvalidArgumentError("--type takes UTF-8: the name of a message is text");
  }
  for (const std::string& header : flags.headers) {
    const size_t equals = header.find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", header, "' is no header: write NAME=VALUE, such as source=till-7"));
    }
    if (!IsUtf8(AsBytes(header).first(equals))) {
      return absl::InvalidArgumentError("the name of a --header takes UTF-8");
    }
  }
  return FieldSplitter(flags);
}

absl::StatusOr<client::Transaction> FieldSplitter::Split(std::string_view record) const {
  client::Transaction transaction;
  if (!flags_.id_delimiter.empty()) {
    absl::StatusOr<std::string_view> id = TakeField("id", flags_.id_delimiter, &record);
    if (!id.ok()) return id.status();
    transaction.id = *id;
  }
  if (!flags_.key_delimiter.empty()) {
    absl::StatusOr<std::string_view> key = TakeField("key", flags_.key_delimiter, &record);
    if (!key.ok()) return key.status();
    transaction.key = *key;
  }
  if (flags_.key) transaction.key = *flags_.key;
  transaction.type = flags_.type;
  for (const std::string& header : flags_.headers) {
    const size_t equals = header.find('=');
    const std::string_view whole = header;
    transaction.headers.push_back({whole.substr(0, equals), whole.substr(equals + 1)});
  }
  transaction.payload = record;
  return transaction;
}

}  // namespace ringjournal::cli
