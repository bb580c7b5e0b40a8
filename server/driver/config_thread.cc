#include "server/driver/config_thread.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

#include "io/clock.h"
#include "journal/base/limits.h"

namespace ringjournal {

ConfigThread::ConfigThread(std::unique_ptr<ConfigStore> store, std::function<void()> wake)
    : store_(std::move(store)), wake_(std::move(wake)) {
  // A thread inherits the mask: signals are for the main one.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { Loop(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread_.native_handle(), "rj-config");
}

ConfigThread::~ConfigThread() { Stop(); }

void ConfigThread::Submit(ConfigRequest request) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    requests_.push_back(std::move(request));
  }
  arrived_.notify_one();
  store_->Wake();
}

ConfigThread::News ConfigThread::Take(std::vector<ConfigCompletion>* completions) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (ConfigCompletion& done : completions_) completions->push_back(std::move(done));
  completions_.clear();
  return std::exchange(news_, {});
}

void ConfigThread::Stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_one();
  store_->Wake();
  if (thread_.joinable()) thread_.join();
}

void ConfigThread::Loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    std::vector<ConfigRequest> requests = std::move(requests_);
    requests_.clear();
    lock.unlock();
    Serve(std::move(requests));
    lock.lock();
    if (stopping_ || !requests_.empty()) continue;
    if (store_->asynchronous()) {
      lock.unlock();
      store_->Wait(io::ReadClock(), int64_t{limits::kConfigWaitMs} * 1'000'000);
      lock.lock();
    } else {
      arrived_.wait(lock, [this] { return stopping_ || !requests_.empty(); });
    }
  }
}

void ConfigThread::Serve(std::vector<ConfigRequest> requests) {
  std::vector<ConfigCompletion> done;
  for (ConfigRequest& request : requests) {
    ConfigCompletion refused{.token = request.token, .kind = request.kind};
    refused.status = store_->Submit(std::move(request));
    if (refused.status.ok()) continue;
    refused.outcome = ConfigOutcome::kRefused;
    done.push_back(std::move(refused));
  }
  store_->Poll(io::ReadClock(), &done);
  const bool changed = store_->TakeChanged();
  std::optional<v1::ConfigDocument> told = store_->TakeNews();
  if (done.empty() && !changed && !told.has_value()) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    for (ConfigCompletion& completion : done) completions_.push_back(std::move(completion));
    news_.changed = news_.changed || changed;
    if (told.has_value()) news_.document = *std::move(told);
  }
  wake_();
}

}  // namespace ringjournal
