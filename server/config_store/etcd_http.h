// HTTP to etcd, without waiting: libcurl's multi interface behind a few plain types.
#ifndef SERVER_CONFIG_STORE_ETCD_HTTP_H_
#define SERVER_CONFIG_STORE_ETCD_HTTP_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/config_store/etcd_options.h"

namespace ringjournal {

struct HttpRequest {
  std::string url;
  std::string body;   // JSON; always a POST
  std::string token;  // for the header `Authorization`; empty: none
  // DNS, connection and TLS; 0: kEtcdConnectTimeoutMs.
  uint32_t connect_timeout_ms = 0;
  // After this etcd itself may give the request up; 0: never.
  uint32_t server_timeout_ms = 0;
  // An answer without an end: its bytes are taken by TakeStream.
  bool stream = false;
};

// What can be known of a request once it has ended.
enum class HttpSent {
  kNo,        // not a byte of it left this machine: etcd did nothing
  kMaybe,     // it may have arrived, and its effect may come yet
  kAnswered,  // with an HTTP status and a whole body
};

struct HttpAnswer {
  HttpSent sent = HttpSent::kMaybe;
  long status = 0;    // kAnswered
  std::string body;   // kAnswered; at most kEtcdAnswerBytesMax bytes
  std::string error;  // else: what went wrong, in libcurl's words
};

struct HttpDone {
  uint64_t id = 0;
  HttpAnswer answer;
};

// Every request has a connection of its own: libcurl sends a request a second time by itself when a
// connection that it had used before turns out to be dead, and a compare-and-swap must never be
// sent twice. Requests here are rare, so what it costs does not matter; what it gains is that an
// endpoint that is cut off is noticed while connecting, when nothing is sent yet.
//
// Proxies of the environment are not used, redirects are not followed. One thread, but for Wake.
class EtcdHttp {
 public:
  // Errors: Unavailable (libcurl does not start). Files named in the options are read when a
  // connection needs them.
  static absl::StatusOr<std::unique_ptr<EtcdHttp>> Create(const EtcdOptions& options);
  ~EtcdHttp();
  EtcdHttp(const EtcdHttp&) = delete;
  EtcdHttp& operator=(const EtcdHttp&) = delete;

  // Begins a request; its id is never 0.
  uint64_t Start(HttpRequest request);
  // Ends a request without an answer; there will be no HttpDone for it. True if it may have been
  // sent. An id that is not known: false.
  bool Cancel(uint64_t id);
  // Moves bytes, never waits, and appends what has ended.
  void Poll(std::vector<HttpDone>* done);
  // What a stream has brought since the last call; empty for an id that is not known.
  std::string TakeStream(uint64_t id);

  // Sleeps until a request has something to do, Wake was called or the time is over; at most a
  // little over `at_most_ns`.
  void Wait(int64_t at_most_ns);
  // Ends a Wait, now or the next one. Any thread.
  void Wake();

 private:
  struct Transfer;
  struct State;
  explicit EtcdHttp(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace ringjournal

#endif  // SERVER_CONFIG_STORE_ETCD_HTTP_H_
