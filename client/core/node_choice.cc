#include "client/core/node_choice.h"

#include <algorithm>
#include <utility>

#include "client/core/session.h"
#include "journal/base/limits.h"

namespace ringjournal::client {

const std::string& NodeChoice::Choose(std::string leader, int64_t now_ns) {
  const bool avoids = now_ns < silent_until_ns_;
  if (avoids && leader == silent_) leader.clear();
  redirected_ = !leader.empty();
  if (redirected_) {
    current_ = std::move(leader);
  } else {
    // Not at once again, if there is another.
    if (avoids && nodes_[next_] == silent_) next_ = (next_ + 1) % nodes_.size();
    current_ = nodes_[next_];
    next_ = (next_ + 1) % nodes_.size();
  }
  return current_;
}

void NodeChoice::Lost(bool silent, int64_t now_ns) {
  if (!silent) return;
  constexpr int64_t kFirstNs = limits::kNodeTriedMs * kMsNs;
  constexpr int64_t kMostNs = limits::kSilentNodeMs * kMsNs;
  const bool again = current_ == silent_ && now_ns < silent_until_ns_ + kMostNs;
  avoided_ns_ = again ? std::min(2 * avoided_ns_, kMostNs) : kFirstNs;
  silent_ = current_;
  silent_until_ns_ = now_ns + avoided_ns_;
}

int64_t NodeChoice::ConnectTimeout(int64_t timeout_ns) const {
  const bool others = nodes_.size() > 1 || redirected_;
  return others ? std::min(timeout_ns, limits::kNodeTriedMs * kMsNs) : timeout_ns;
}

}  // namespace ringjournal::client
