// Which of several nodes a client connects to next.
#ifndef CLIENT_CORE_NODE_CHOICE_H_
#define CLIENT_CORE_NODE_CHOICE_H_

#include <cstdint>
#include <string>
#include <vector>

namespace ringjournal::client {

// The nodes that the user gave, in turn, and between them the leader that one of them names: it may
// be none of those that were given. Pure; one thread. Times are nanoseconds of the session's clock.
class NodeChoice {
 public:
  NodeChoice() = default;
  // `nodes`: addresses, at least one.
  explicit NodeChoice(std::vector<std::string> nodes) : nodes_(std::move(nodes)) {}

  // The next address; `leader` is what the last answer said, or empty. One that has just been
  // silent is passed over where another node still names it: a frozen node's host accepts
  // connections, so it would be waited for each time. For limits::kNodeTriedMs at first, as it may
  // have been paused or cut off for a moment and lead still; when it is silent again, for twice as
  // long, up to limits::kSilentNodeMs.
  const std::string& Choose(std::string leader, int64_t now_ns);
  // The connection to it could not be made, or is over; `silent`: it did not answer in time.
  void Lost(bool silent, int64_t now_ns);

  // Of the last Choose.
  const std::string& current() const { return current_; }
  // It was named by another node.
  bool redirected() const { return redirected_; }
  // How long to wait for its host to accept: where there are others, not longer than
  // limits::kNodeTriedMs.
  int64_t ConnectTimeout(int64_t timeout_ns) const;

 private:
  std::vector<std::string> nodes_;
  size_t next_ = 0;
  std::string current_, silent_;
  int64_t silent_until_ns_ = 0;
  int64_t avoided_ns_ = 0;  // how long, the last time
  bool redirected_ = false;
};

}  // namespace ringjournal::client

#endif  // CLIENT_CORE_NODE_CHOICE_H_
