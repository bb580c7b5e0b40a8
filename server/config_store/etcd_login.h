// The token that etcd wants of its users.
#ifndef SERVER_CONFIG_STORE_ETCD_LOGIN_H_
#define SERVER_CONFIG_STORE_ETCD_LOGIN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "server/config_store/etcd_endpoints.h"
#include "server/config_store/etcd_http.h"
#include "server/config_store/etcd_options.h"

namespace ringjournal {

// Gets a token by user and password when there is none, and another one when etcd does not take it
// any more (it expires, and a member that starts again has forgotten it). The password is read from
// its file each time and kept nowhere else. One thread; `http` and `endpoints` outlive it.
class EtcdLogin {
 public:
  EtcdLogin(const EtcdOptions& options, EtcdHttp* http, EtcdEndpoints* endpoints)
      : user_(options.user),
        file_(options.password_file),
        times_(options.times),
        http_(http),
        endpoints_(endpoints) {}

  bool has_user() const { return !user_.empty(); }
  // True if requests may go out, with token().
  bool ready() const { return user_.empty() || not_needed_ || !token_.empty(); }
  const std::string& token() const { return token_; }

  // Etcd did not take this token (empty: it wants one).
  void Drop(const std::string& used);
  // Asks for a token if one is missing; each turn.
  void Keep(int64_t now_ns);
  // True if the answer was to this.
  bool OnDone(const HttpDone& done, int64_t now_ns);

  // Why there is no token, since the last call. `final`: etcd said no, else it did not answer.
  struct Failure {
    bool final = false;
    std::string why;  // empty: no failure
  };
  Failure TakeFailure() { return std::exchange(failure_, {}); }
  // When Keep is worth calling.
  int64_t deadline_ns() const { return transfer_ != 0 ? ends_ns_ : due_ns_; }

 private:
  void Fail(bool final, std::string why, int64_t due_ns);
  void OnAnswer(const HttpAnswer& answer, int64_t now_ns);

  std::string user_;
  std::string file_;
  EtcdTimes times_;
  EtcdHttp* http_;
  EtcdEndpoints* endpoints_;
  std::string token_;
  bool not_needed_ = false;  // etcd has no users
  uint64_t transfer_ = 0;    // 0: not asking
  size_t endpoint_ = 0;
  int64_t ends_ns_ = 0;
  int64_t due_ns_ = 0;
  Failure failure_;
};

// The first line of the file. Errors: Unavailable (it cannot be read), InvalidArgument (it is empty
// or too long). Never says what is in it.
absl::StatusOr<std::string> ReadEtcdPassword(const std::string& path);

}  // namespace ringjournal

#endif  // SERVER_CONFIG_STORE_ETCD_LOGIN_H_
