// Which of etcd's endpoints is asked.
#ifndef SERVER_CONFIG_STORE_ETCD_ENDPOINTS_H_
#define SERVER_CONFIG_STORE_ETCD_ENDPOINTS_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringjournal {

// All ask the one that answered last; who finds that it does not moves all to the next. Pure.
class EtcdEndpoints {
 public:
  explicit EtcdEndpoints(std::vector<std::string> endpoints) : endpoints_(std::move(endpoints)) {}

  size_t size() const { return endpoints_.size(); }
  size_t good() const { return good_; }
  std::string Url(size_t endpoint, std::string_view path) const {
    return std::string(endpoints_[endpoint]).append(path);
  }
  // A request to this endpoint failed, or takes too long.
  void Failed(size_t endpoint, std::string_view why) {
    if (endpoint != good_) return;  // somebody else was faster
    good_ = (good_ + 1) % endpoints_.size();
    note_ = "etcd at ";
    note_.append(endpoints_[endpoint]).append(" failed: ").append(why);
    note_.append("; next is ").append(endpoints_[good_]);
  }
  // The newest failure since the last call, one line for the log; empty: none.
  std::string TakeNote() { return std::exchange(note_, {}); }

 private:
  std::vector<std::string> endpoints_;
  size_t good_ = 0;
  std::string note_;
};

}  // namespace ringjournal

#endif  // SERVER_CONFIG_STORE_ETCD_ENDPOINTS_H_
