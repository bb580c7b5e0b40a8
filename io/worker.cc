#include "io/worker.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

#include "journal/base/check.h"
#include "journal/base/limits.h"

namespace ringjournal::io {

Worker::Worker(std::function<void()> wake) : wake_(std::move(wake)) {
  // A thread inherits the mask: signals are for the main one.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { Loop(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread_.native_handle(), "rj-control");
}

Worker::~Worker() { Stop(); }

void Worker::Submit(Job job, Completion completion) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    RJ_CHECK(waiting_.size() < limits::kWorkerJobsMax && !stopping_);
    waiting_.push_back({std::move(job), std::move(completion), 0});
  }
  arrived_.notify_one();
}

void Worker::RunCompletions() {
  std::deque<Task> completed;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    completed.swap(completed_);
  }
  for (Task& task : completed) task.completion(task.result);
}

void Worker::Stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Worker::Loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    arrived_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    Task task = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    task.result = task.job();
    lock.lock();
    completed_.push_back(std::move(task));
    lock.unlock();
    wake_();
    lock.lock();
  }
}

}  // namespace ringjournal::io
