// Hears of changes of the key while it can.
#ifndef SERVER_CONFIG_STORE_ETCD_WATCH_H_
#define SERVER_CONFIG_STORE_ETCD_WATCH_H_

#include <cstdint>
#include <optional>
#include <string>

#include "server/config_store/etcd_endpoints.h"
#include "server/config_store/etcd_http.h"
#include "server/config_store/etcd_login.h"
#include "server/config_store/etcd_messages.h"

namespace ringjournal {

// One watch from now on, at the endpoint that is asked. It never asks for the past, so a compaction
// does not matter to it; each time that it begins it calls the document changed instead, as it
// cannot know. Else it hands out what was told, so that nobody has to read it. A member of etcd
// that lost the others keeps silent: whoever relies on hearing of a change reads now and then as
// well. One thread; what it is given outlives it.
class EtcdWatch {
 public:
  EtcdWatch(std::string key, EtcdHttp* http, EtcdEndpoints* endpoints, EtcdLogin* login)
      : key_(std::move(key)), http_(http), endpoints_(endpoints), login_(login) {}

  // Begins, begins again, moves to another endpoint; each turn.
  void Keep(int64_t now_ns);
  // Takes what was told. `known_revision`: a change up to that one is no news.
  void Read(int64_t known_revision, int64_t now_ns);
  // True if the answer was to this: the watch is over.
  bool OnDone(const HttpDone& done, int64_t now_ns);

  // The document must be read to know it.
  bool TakeChanged() { return std::exchange(changed_, false); }
  void CallChanged() { changed_ = true; }
  // The newest value that was told since the last call.
  std::optional<EtcdKey> TakeTold() { return std::exchange(told_, std::nullopt); }
  bool stands() const { return transfer_ != 0 && created_; }
  // When Keep is worth calling.
  int64_t deadline_ns() const;

 private:
  void Start(int64_t now_ns);
  void End(int64_t now_ns);

  std::string key_;
  EtcdHttp* http_;
  EtcdEndpoints* endpoints_;
  EtcdLogin* login_;
  uint64_t transfer_ = 0;  // 0: none
  size_t endpoint_ = 0;
  std::string token_;
  bool created_ = false;
  int64_t created_by_ns_ = 0;  // else it is given up
  int64_t due_ns_ = 0;
  EtcdWatchLines lines_;
  bool changed_ = false;
  std::optional<EtcdKey> told_;
};

}  // namespace ringjournal

#endif  // SERVER_CONFIG_STORE_ETCD_WATCH_H_
