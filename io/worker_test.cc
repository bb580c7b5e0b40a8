#include "io/worker.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <future>
#include <vector>

namespace ringjournal::io {
namespace {

TEST(WorkerTest, JobsRunInOrderElsewhereAndCompletionsRunHere) {
  std::atomic<int> wakes = 0;
  Worker worker([&] { ++wakes; });
  std::thread::id here = std::this_thread::get_id();
  std::vector<int64_t> results;
  for (int64_t i = 0; i < 100; ++i) {
    worker.Submit(
        [=] {
          EXPECT_NE(std::this_thread::get_id(), here);
          return i;
        },
        [&](int64_t result) {
          EXPECT_EQ(std::this_thread::get_id(), here);
          results.push_back(result);
        });
  }
  worker.Stop();
  EXPECT_TRUE(results.empty());
  worker.RunCompletions();
  ASSERT_EQ(results.size(), 100u);
  for (int64_t i = 0; i < 100; ++i) EXPECT_EQ(results[static_cast<size_t>(i)], i);
  EXPECT_EQ(wakes, 100);
}

TEST(WorkerTest, WakeComesWhenTheCompletionIsThere) {
  std::promise<void> woken;
  Worker worker([&] { woken.set_value(); });
  int64_t got = 0;
  worker.Submit([] { return 42; }, [&](int64_t result) { got = result; });
  woken.get_future().wait();
  worker.RunCompletions();
  EXPECT_EQ(got, 42);
}

TEST(WorkerTest, CompletionsMaySubmitAgain) {
  std::atomic<int> wakes = 0;
  Worker worker([&] { ++wakes; });
  int rounds = 0;
  std::function<void(int64_t)> again = [&](int64_t) {
    if (++rounds < 5) worker.Submit([] { return 0; }, again);
  };
  worker.Submit([] { return 0; }, again);
  while (rounds < 5) {
    worker.RunCompletions();
    std::this_thread::yield();
  }
  EXPECT_EQ(rounds, 5);
}

TEST(WorkerTest, StopFinishesWhatWasSubmitted) {
  std::promise<void> gate;
  std::shared_future<void> open = gate.get_future().share();
  std::atomic<int> ran = 0;
  Worker worker([] {});
  for (int i = 0; i < 10; ++i) {
    worker.Submit(
        [&, open] {
          open.wait();
          return ++ran;
        },
        [](int64_t) {});
  }
  gate.set_value();
  worker.Stop();
  worker.Stop();
  EXPECT_EQ(ran, 10);
}

TEST(WorkerTest, SignalsAreForTheMainThread) {
  Worker worker([] {});
  sigset_t mask;
  sigemptyset(&mask);
  worker.Submit([&] { return pthread_sigmask(SIG_SETMASK, nullptr, &mask); }, [](int64_t) {});
  worker.Stop();
  EXPECT_EQ(sigismember(&mask, SIGTERM), 1);
  sigset_t ours;
  pthread_sigmask(SIG_SETMASK, nullptr, &ours);
  EXPECT_EQ(sigismember(&ours, SIGTERM), 0);
}

}  // namespace
}  // namespace ringjournal::io
