// proto3 JSON, by protobuf's own printer: 64-bit integers are strings.
#ifndef TOOLS_RINGJOURNAL_JSON_H_
#define TOOLS_RINGJOURNAL_JSON_H_

#include <string>

#include "google/protobuf/message.h"

namespace ringjournal::cli {

// One line, without a newline. Fields that are zero are left out.
std::string ToJson(const google::protobuf::Message& message);
// Several lines with a newline at the end; zero fields are printed too.
std::string ToPrettyJson(const google::protobuf::Message& message);
// `text` in JSON's quotes.
std::string JsonString(const std::string& text);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_JSON_H_
