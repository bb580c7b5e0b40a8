// For tests: waiting for something that another thread does.
#ifndef CLIENT_TESTING_WAIT_H_
#define CLIENT_TESTING_WAIT_H_

#include <chrono>
#include <functional>
#include <thread>

namespace ringjournal::client {

// Looks again and again, for half a minute at most; returns what it saw last. The time only bounds
// a test that fails.
inline bool Eventually(const std::function<bool()>& holds) {
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return holds();
    std::this_thread::yield();
  }
  return true;
}

}  // namespace ringjournal::client

#endif  // CLIENT_TESTING_WAIT_H_
