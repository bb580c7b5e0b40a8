#include "server/config_store/etcd_messages.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "journal/base/check.h"
#include "journal/base/limits.h"
#include "server/config_store/etcd_api.pb.h"

namespace ringjournal {
namespace {

using google::protobuf::Message;
namespace json = google::protobuf::util;

std::string ToJson(const Message& message) {
  json::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string body;
  RJ_CHECK(json::MessageToJsonString(message, &body, options).ok());
  return body;
}

bool FromJson(std::string_view body, Message* message) {
  json::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const google::protobuf::StringPiece piece(body.data(), body.size());
  return json::JsonStringToMessage(piece, message, options).ok();
}

// Etcd's own words, fit for a line of a log.
std::string Printable(std::string_view words) {
  std::string text(words.substr(0, limits::kEtcdErrorTextBytesMax));
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

std::optional<EtcdKey> KeyOf(const etcd::RangeResponse& range, std::string_view key) {
  EtcdKey found;
  if (range.kvs().empty()) return found;
  const etcd::KeyValue& kv = range.kvs(0);
  if (range.kvs_size() != 1 || kv.key() != key || kv.mod_revision() <= 0) return std::nullopt;
  found.exists = true;
  found.mod_revision = kv.mod_revision();
  found.value = kv.value();
  return found;
}

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

EtcdVerdict VerdictOn(long status, const etcd::Error& error) {
  const std::string& words = error.message().empty() ? error.error() : error.message();
  // A user's rights were changed since the token was given, or there is no token.
  const bool wants_token = Has(words, "user name is empty") || Has(words, "invalid auth token") ||
                           Has(words, "revision of auth store is old") ||
                           Has(words, "revision in header is old");
  switch (status) {
    case 200:
      return EtcdVerdict::kAnswered;
    case 400:
      if (wants_token) return EtcdVerdict::kNoToken;
      // Without etcd's own code it was a server in front of it that did not let the request pass.
      return error.code() != 0 ? EtcdVerdict::kRefused : EtcdVerdict::kNotApplied;
    case 401:
      return EtcdVerdict::kNoToken;
    case 403:
      return EtcdVerdict::kRefused;
    case 404:
    case 405:
      return EtcdVerdict::kNotApplied;
    default:
      return EtcdVerdict::kUnknown;
  }
}

// A deletion has no value, and the document is never empty.
void TakeEvent(const etcd::KeyValue& kv, EtcdWatchNews* news) {
  if (kv.mod_revision() <= news->mod_revision_max) return;
  news->mod_revision_max = kv.mod_revision();
  news->newest = {!kv.value().empty(), kv.mod_revision(), kv.value()};
}

}  // namespace

std::string EtcdRangeBody(std::string_view key) {
  etcd::RangeRequest range;
  range.set_key(std::string(key));
  return ToJson(range);
}

std::string EtcdTxnBody(std::string_view key, int64_t mod_revision, std::string_view value) {
  etcd::TxnRequest txn;
  etcd::Compare* compare = txn.add_compare();
  compare->set_key(std::string(key));
  if (mod_revision == 0) {
    compare->set_target(etcd::Compare::CREATE);
    compare->set_create_revision(0);
  } else {
    compare->set_target(etcd::Compare::MOD);
    compare->set_mod_revision(mod_revision);
  }
  etcd::PutRequest* put = txn.add_success()->mutable_request_put();
  put->set_key(std::string(key));
  put->set_value(std::string(value));
  txn.add_failure()->mutable_request_range()->set_key(std::string(key));
  return ToJson(txn);
}

std::string EtcdWatchBody(std::string_view key) {
  etcd::WatchRequest watch;
  watch.mutable_create_request()->set_key(std::string(key));
  return ToJson(watch);
}

std::string EtcdAuthenticateBody(std::string_view user, std::string_view password) {
  etcd::AuthenticateRequest authenticate;
  authenticate.set_name(std::string(user));
  authenticate.set_password(std::string(password));
  return ToJson(authenticate);
}

std::optional<EtcdKey> DecodeEtcdRange(std::string_view body, std::string_view key) {
  etcd::RangeResponse range;
  if (!FromJson(body, &range) || range.header().revision() <= 0) return std::nullopt;
  return KeyOf(range, key);
}

std::optional<EtcdTxnResult> DecodeEtcdTxn(std::string_view body, std::string_view key) {
  etcd::TxnResponse txn;
  if (!FromJson(body, &txn) || txn.header().revision() <= 0) return std::nullopt;
  if (txn.responses_size() != 1) return std::nullopt;
  EtcdTxnResult result;
  result.succeeded = txn.succeeded();
  if (result.succeeded) {
    result.mod_revision = txn.responses(0).response_put().header().revision();
    if (result.mod_revision <= 0) return std::nullopt;
    return result;
  }
  if (!txn.responses(0).has_response_range()) return std::nullopt;
  std::optional<EtcdKey> found = KeyOf(txn.responses(0).response_range(), key);
  if (!found.has_value()) return std::nullopt;
  result.found = *std::move(found);
  return result;
}

std::optional<std::string> DecodeEtcdToken(std::string_view body) {
  etcd::AuthenticateResponse answer;
  if (!FromJson(body, &answer) || answer.token().empty()) return std::nullopt;
  // It goes into a header line.
  if (Printable(answer.token()) != answer.token().substr(0, limits::kEtcdErrorTextBytesMax)) {
    return std::nullopt;
  }
  return answer.token();
}

EtcdJudgement JudgeEtcdAnswer(const HttpAnswer& answer) {
  if (answer.sent == HttpSent::kNo) {
    return {EtcdVerdict::kNotApplied, 0, Printable(answer.error)};
  }
  if (answer.sent == HttpSent::kMaybe) return {EtcdVerdict::kUnknown, 0, Printable(answer.error)};
  etcd::Error error;
  if (answer.status != 200 && !FromJson(answer.body, &error)) error.Clear();
  EtcdJudgement judgement{VerdictOn(answer.status, error), error.code(), ""};
  if (judgement.verdict == EtcdVerdict::kAnswered) return judgement;
  const std::string& words = error.message().empty() ? error.error() : error.message();
  judgement.why = absl::StrCat("HTTP status ", answer.status, ": ",
                               Printable(words.empty() ? answer.body : words));
  return judgement;
}

EtcdWatchNews EtcdWatchLines::Take(std::string_view bytes) {
  EtcdWatchNews news;
  const auto end = [&](std::string why) {
    news.ended = true;
    news.why = std::move(why);
    return news;
  };
  while (!bytes.empty()) {
    const size_t length = std::min(bytes.find('\n'), bytes.size());
    if (line_.size() + length > limits::kEtcdAnswerBytesMax) return end("a line is too long");
    line_.append(bytes.substr(0, length));
    if (length == bytes.size()) return news;
    bytes.remove_prefix(length + 1);
    etcd::WatchLine line;
    if (!FromJson(line_, &line)) return end("a line is not etcd's");
    line_.clear();
    if (line.has_error()) return end(Printable(line.error().message()));
    if (line.result().canceled()) return end(Printable(line.result().cancel_reason()));
    news.created = news.created || line.result().created();
    for (const etcd::WatchLine::Event& event : line.result().events()) TakeEvent(event.kv(), &news);
  }
  return news;
}

}  // namespace ringjournal
