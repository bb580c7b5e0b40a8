#include "server/config_store/etcd_http.h"

#include <curl/curl.h>

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "journal/base/check.h"
#include "journal/base/limits.h"

namespace ringjournal {

struct EtcdHttp::Transfer {
  ~Transfer() {
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
  }

  uint64_t id = 0;
  HttpRequest request;  // libcurl reads the body from here
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  std::string received;
  bool too_long = false;
  char error[CURL_ERROR_SIZE] = {};
};

struct EtcdHttp::State {
  ~State() {
    for (auto& [id, transfer] : transfers) curl_multi_remove_handle(multi, transfer->easy);
    transfers.clear();
    curl_multi_cleanup(multi);
  }

  EtcdOptions options;
  CURLM* multi = nullptr;
  uint64_t next_id = 1;
  std::map<uint64_t, std::unique_ptr<Transfer>> transfers;
};

namespace {

// Once a process; libcurl does not mind that it is never ended.
bool StartLibcurl() {
  static const bool started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return started;
}

template <class Value>
void Set(CURL* easy, CURLoption option, Value value) {
  RJ_CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);
}

void SetTls(CURL* easy, const EtcdOptions& options) {
  if (!options.ca.empty()) Set(easy, CURLOPT_CAINFO, options.ca.c_str());
  if (options.cert.empty()) return;
  Set(easy, CURLOPT_SSLCERT, options.cert.c_str());
  Set(easy, CURLOPT_SSLKEY, options.key.c_str());
}

// What keeps one request one request: no second try, no other place, no other protocol.
void SetOneRequest(CURL* easy) {
  Set(easy, CURLOPT_FRESH_CONNECT, 1L);
  Set(easy, CURLOPT_FORBID_REUSE, 1L);
  Set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  Set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  Set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  Set(easy, CURLOPT_PROXY, "");
}

// True once a byte of the request may have left: libcurl counts bytes as soon as the system has
// taken them, and sets the time once it has tried to send.
bool MayBeSent(CURL* easy) {
  curl_off_t before_sending_us = 0;
  long sent_bytes = 0;
  curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &before_sending_us);
  curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent_bytes);
  return before_sending_us > 0 || sent_bytes > 0;
}

}  // namespace

EtcdHttp::EtcdHttp(std::unique_ptr<State> state) : state_(std::move(state)) {}
EtcdHttp::~EtcdHttp() = default;

absl::StatusOr<std::unique_ptr<EtcdHttp>> EtcdHttp::Create(const EtcdOptions& options) {
  auto state = std::make_unique<State>();
  state->options = options;
  if (StartLibcurl()) state->multi = curl_multi_init();
  if (state->multi == nullptr) {
    return absl::UnavailableError(
        "libcurl does not start, so etcd cannot be asked; is the memory used up? Start again");
  }
  return std::unique_ptr<EtcdHttp>(new EtcdHttp(std::move(state)));
}

uint64_t EtcdHttp::Start(HttpRequest request) {
  auto transfer = std::make_unique<Transfer>();
  transfer->id = state_->next_id++;
  transfer->request = std::move(request);
  const HttpRequest& asked = transfer->request;
  CURL* easy = transfer->easy = curl_easy_init();
  RJ_CHECK(easy != nullptr);
  const auto add_header = [&](const std::string& line) {
    transfer->headers = curl_slist_append(transfer->headers, line.c_str());
  };
  add_header("Content-Type: application/json");
  add_header("Expect:");  // no round trip before a large body
  if (!asked.token.empty()) add_header(absl::StrCat("Authorization: ", asked.token));
  if (asked.server_timeout_ms > 0) {
    add_header(absl::StrCat("Grpc-Timeout: ", asked.server_timeout_ms, "m"));
  }
  const uint32_t connect_ms =
      asked.connect_timeout_ms > 0 ? asked.connect_timeout_ms : limits::kEtcdConnectTimeoutMs;
  Set(easy, CURLOPT_PRIVATE, transfer.get());
  Set(easy, CURLOPT_URL, asked.url.c_str());
  Set(easy, CURLOPT_HTTPHEADER, transfer->headers);
  Set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(asked.body.size()));
  Set(easy, CURLOPT_POSTFIELDS, asked.body.data());
  Set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect_ms));
  Set(easy, CURLOPT_ERRORBUFFER, transfer->error);
  Set(easy, CURLOPT_NOSIGNAL, 1L);
  Set(easy, CURLOPT_QUICK_EXIT, 1L);  // a name server that hangs must not hold a Cancel up
  Set(easy, CURLOPT_TCP_KEEPALIVE, asked.stream ? 1L : 0L);
  SetOneRequest(easy);
  SetTls(easy, state_->options);
  curl_write_callback receive = [](char* data, size_t, size_t size, void* to) -> size_t {
    auto* into = static_cast<Transfer*>(to);
    into->too_long = into->received.size() + size > limits::kEtcdAnswerBytesMax;
    if (into->too_long) return 0;  // ends the request
    into->received.append(data, size);
    return size;
  };
  Set(easy, CURLOPT_WRITEFUNCTION, receive);
  Set(easy, CURLOPT_WRITEDATA, transfer.get());
  RJ_CHECK(curl_multi_add_handle(state_->multi, easy) == CURLM_OK);
  const uint64_t id = transfer->id;
  state_->transfers.emplace(id, std::move(transfer));
  return id;
}

bool EtcdHttp::Cancel(uint64_t id) {
  const auto found = state_->transfers.find(id);
  if (found == state_->transfers.end()) return false;
  const bool may_be_sent = MayBeSent(found->second->easy);
  curl_multi_remove_handle(state_->multi, found->second->easy);
  state_->transfers.erase(found);
  return may_be_sent;
}

void EtcdHttp::Poll(std::vector<HttpDone>* done) {
  int running = 0;
  curl_multi_perform(state_->multi, &running);
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(state_->multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode result = message->data.result;  // gone with the handle
    Transfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    HttpDone& ended = done->emplace_back();
    ended.id = transfer->id;
    if (result == CURLE_OK) {
      ended.answer.sent = HttpSent::kAnswered;
      curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &ended.answer.status);
      ended.answer.body = std::move(transfer->received);
    } else {
      ended.answer.sent = MayBeSent(transfer->easy) ? HttpSent::kMaybe : HttpSent::kNo;
      const char* words = transfer->error[0] != 0 ? transfer->error : curl_easy_strerror(result);
      ended.answer.error = transfer->too_long ? "the answer is too long to be etcd's" : words;
    }
    curl_multi_remove_handle(state_->multi, transfer->easy);
    state_->transfers.erase(ended.id);
  }
}

std::string EtcdHttp::TakeStream(uint64_t id) {
  const auto found = state_->transfers.find(id);
  if (found == state_->transfers.end() || !found->second->request.stream) return {};
  return std::exchange(found->second->received, {});
}

void EtcdHttp::Wait(int64_t at_most_ns) {
  constexpr int64_t kMs = 1000 * 1000;
  const int64_t at_most_ms = std::clamp<int64_t>((at_most_ns + kMs - 1) / kMs, 0, 60 * 1000);
  curl_multi_poll(state_->multi, nullptr, 0, static_cast<int>(at_most_ms), nullptr);
}

void EtcdHttp::Wake() { curl_multi_wakeup(state_->multi); }

}  // namespace ringjournal
