// The config store beside the event loop, on a thread of its own.
#ifndef SERVER_DRIVER_CONFIG_THREAD_H_
#define SERVER_DRIVER_CONFIG_THREAD_H_

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "server/config_store/config_store.h"

namespace ringjournal {

// Owns the store, whose every call is its thread's from then on: a change of a local file waits for
// the disk, etcd for the network. Every method belongs to the thread that made this.
class ConfigThread {
 public:
  // `wake` is called from the thread when there is something to Take; callable until Stop returned.
  ConfigThread(std::unique_ptr<ConfigStore> store, std::function<void()> wake);
  // Stops.
  ~ConfigThread();
  ConfigThread(const ConfigThread&) = delete;
  ConfigThread& operator=(const ConfigThread&) = delete;

  // Answered by Take, refusals too.
  void Submit(ConfigRequest request);
  // What the store says of changes, by others too, without being asked.
  struct News {
    bool changed = false;         // it is to be read
    v1::ConfigDocument document;  // version 0: none was told
  };
  // Appends what was answered.
  News Take(std::vector<ConfigCompletion>* completions);
  // What is in flight is not waited for: its outcome is unknown.
  void Stop();

 private:
  void Loop();
  void Serve(std::vector<ConfigRequest> requests);

  std::unique_ptr<ConfigStore> store_;
  std::function<void()> wake_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<ConfigRequest> requests_;
  std::vector<ConfigCompletion> completions_;
  News news_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ringjournal

#endif  // SERVER_DRIVER_CONFIG_THREAD_H_
