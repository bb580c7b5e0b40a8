// What an operator does to etcd by hand, for tests: any request through its JSON gateway.
#ifndef TESTS_ETCD_GATEWAY_H_
#define TESTS_ETCD_GATEWAY_H_

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "io/clock.h"
#include "journal/base/check.h"
#include "server/config_store/etcd_http.h"

namespace ringjournal {

class Gateway {
 public:
  explicit Gateway(std::string endpoint) : endpoint_(std::move(endpoint)) {
    auto http = EtcdHttp::Create({});
    RJ_CHECK(http.ok());
    http_ = *std::move(http);
  }

  // The answer; waits up to a minute.
  HttpAnswer Post(const std::string& path, const std::string& json) {
    http_->Start(
        {.url = std::string(endpoint_).append(path), .body = json, .connect_timeout_ms = 60'000});
    const int64_t give_up_ns = io::MonotonicNs() + 60'000'000'000;
    std::vector<HttpDone> done;
    while (done.empty() && io::MonotonicNs() < give_up_ns) {
      http_->Wait(100'000'000);
      http_->Poll(&done);
    }
    return done.empty() ? HttpAnswer{} : done[0].answer;
  }
  bool Put(const std::string& key, const std::string& value) {
    return Post("/v3/kv/put", std::string(R"({"key":")")
                                  .append(absl::Base64Escape(key))
                                  .append(R"(","value":")")
                                  .append(absl::Base64Escape(value))
                                  .append("\"}"))
               .status == 200;
  }
  bool Delete(const std::string& key) {
    return Post("/v3/kv/deleterange",
                std::string(R"({"key":")").append(absl::Base64Escape(key)).append("\"}"))
               .status == 200;
  }
  bool Exists(const std::string& key) {
    return Post("/v3/kv/range",
                std::string(R"({"key":")").append(absl::Base64Escape(key)).append("\"}"))
               .body.find("\"kvs\"") != std::string::npos;
  }
  // Forgets all revisions of the past.
  bool CompactNow() {
    const std::string body = Post("/v3/kv/range", R"({"key":"YQ=="})").body;
    const std::string marker = R"("revision":")";
    const size_t at = body.find(marker) + marker.size();
    const std::string revision = body.substr(at, body.find('"', at) - at);
    return Post("/v3/kv/compaction",
                std::string(R"({"revision":")").append(revision).append(R"(","physical":true})"))
               .status == 200;
  }

 private:
  std::string endpoint_;
  std::unique_ptr<EtcdHttp> http_;
};

}  // namespace ringjournal

#endif  // TESTS_ETCD_GATEWAY_H_
