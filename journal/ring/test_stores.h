// For crash tests: what another process would find in shared memory after each single store.
#ifndef JOURNAL_RING_TEST_STORES_H_
#define JOURNAL_RING_TEST_STORES_H_

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cstddef>
#include <functional>
#include <utility>

#include "journal/base/check.h"

namespace ringjournal {

// While `act` runs, `look` is called after every instruction that has written to the memory, as if
// the process had been killed right behind it. The memory is write-protected: a store faults, is
// let through as a single step (the trap flag), then the protection is back. One at a time; x86-64.
class StoreWatch {
 public:
  StoreWatch(std::byte* memory, size_t bytes) : memory_(memory), bytes_(bytes) {}

  // How many stores there were.
  size_t Run(const std::function<void()>& act, std::function<void()> look) {
    look_ = std::move(look);
    stores_ = 0;
    struct sigaction on_fault = {}, on_step = {}, old_fault, old_step;
    on_fault.sa_sigaction = OnFault;
    on_step.sa_sigaction = OnStep;
    on_fault.sa_flags = on_step.sa_flags = SA_SIGINFO;
    watch_ = this;
    RJ_CHECK(sigaction(SIGSEGV, &on_fault, &old_fault) == 0);
    RJ_CHECK(sigaction(SIGTRAP, &on_step, &old_step) == 0);
    Protect(PROT_READ);
    act();
    Protect(PROT_READ | PROT_WRITE);
    sigaction(SIGSEGV, &old_fault, nullptr);
    sigaction(SIGTRAP, &old_step, nullptr);
    watch_ = nullptr;
    return stores_;
  }

 private:
  static constexpr greg_t kTrapFlag = 0x100;

  static void OnFault(int, siginfo_t* info, void* context) {
    auto* at = static_cast<std::byte*>(info->si_addr);
    RJ_CHECK(at >= watch_->memory_ && at < watch_->memory_ + watch_->bytes_);
    watch_->Protect(PROT_READ | PROT_WRITE);
    static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL] |= kTrapFlag;
  }
  static void OnStep(int, siginfo_t*, void* context) {
    static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL] &= ~kTrapFlag;
    ++watch_->stores_;
    watch_->look_();
    watch_->Protect(PROT_READ);
  }
  void Protect(int protection) { RJ_CHECK(mprotect(memory_, bytes_, protection) == 0); }

  static inline StoreWatch* watch_ = nullptr;
  std::byte* memory_;
  size_t bytes_;
  std::function<void()> look_;
  size_t stores_ = 0;
};

}  // namespace ringjournal

#endif  // JOURNAL_RING_TEST_STORES_H_
