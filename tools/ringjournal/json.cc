#include "tools/ringjournal/json.h"

#include "absl/strings/str_format.h"
#include "google/protobuf/util/json_util.h"

namespace ringjournal::cli {
namespace {

std::string Print(const google::protobuf::Message& message,
                  const google::protobuf::util::JsonPrintOptions& options) {
  std::string json;
  auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  return status.ok() ? json : "null";
}

}  // namespace

std::string ToJson(const google::protobuf::Message& message) { return Print(message, {}); }

std::string ToPrettyJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  return Print(message, options);
}

std::string JsonString(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += absl::StrFormat("\\u%04x", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace ringjournal::cli
