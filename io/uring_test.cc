#include "io/uring.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "io/clock.h"
#include "io/kernel_abi.h"

namespace ringjournal::io {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<Uring> MakeRing(const Uring::Options& options = {}) {
  auto ring = Uring::Create(options);
  EXPECT_TRUE(ring.ok()) << ring.status();
  return ring.ok() ? *std::move(ring) : nullptr;
}

void QueueNop(Uring* ring, uint64_t user_data) {
  io_uring_sqe* sqe = ring->GetSqe();
  io_uring_prep_nop(sqe);
  sqe->user_data = user_data;
}

TEST(UringTest, OneEnterSubmitsAndCompletes) {
  auto ring = MakeRing();
  ASSERT_TRUE(ring->Enable().ok());
  QueueNop(ring.get(), 7);
  QueueNop(ring.get(), 8);
  EXPECT_EQ(ring->unsubmitted(), 2u);
  EXPECT_EQ(ring->Enter({.wait_nr = 2, .timeout_ns = 1'000'000'000, .min_wait_us = 1000}), 0);
  EXPECT_EQ(ring->unsubmitted(), 0u);
  ASSERT_NE(ring->Peek(), nullptr);
  EXPECT_EQ(ring->Peek()->user_data, 7u);
  ring->Advance();
  ASSERT_NE(ring->Peek(), nullptr);
  EXPECT_EQ(ring->Peek()->user_data, 8u);
  ring->Advance();
  EXPECT_EQ(ring->Peek(), nullptr);
}

TEST(UringTest, WaitingEndsWithETimeAfterTheTimeout) {
  auto ring = MakeRing();
  ASSERT_TRUE(ring->Enable().ok());
  int64_t start = MonotonicNs();
  EXPECT_EQ(ring->Enter({.wait_nr = 1, .timeout_ns = 5'000'000}), -ETIME);
  EXPECT_GE(MonotonicNs() - start, 4'900'000);
}

TEST(UringTest, MoreEntriesThanTheSubmissionQueueHoldsAreSubmittedOnTheWay) {
  auto ring = MakeRing({.sq_entries = 4, .cq_entries = 16});
  ASSERT_TRUE(ring->Enable().ok());
  constexpr uint64_t kCount = 1000;  // overflows the completion queue too
  for (uint64_t i = 0; i < kCount; ++i) QueueNop(ring.get(), i);
  uint64_t seen = 0;
  for (int turns = 0; turns < 1000 && seen < kCount; ++turns) {
    ring->Enter({});
    while (const io_uring_cqe* cqe = ring->Peek()) {
      ASSERT_EQ(cqe->user_data, seen++);
      ring->Advance();
    }
  }
  EXPECT_EQ(seen, kCount);
  EXPECT_EQ(ring->dropped(), 0u);
}

TEST(UringTest, RingCreatedInOneThreadBelongsToTheThreadThatEnablesIt) {
  auto ring = MakeRing();
  std::thread owner([&] {
    ASSERT_TRUE(ring->Enable().ok());
    QueueNop(ring.get(), 1);
    EXPECT_EQ(ring->Enter({.wait_nr = 1}), 0);
    EXPECT_NE(ring->Peek(), nullptr);
    ring->Advance();
  });
  owner.join();
  EXPECT_EQ(ring->Enter({}), -EEXIST);
}

TEST(UringTest, OlderKernelGetsPlainerFlagsAndStillWorks) {
  for (uint32_t refused : {uint32_t{IORING_SETUP_DEFER_TASKRUN},
                           uint32_t{IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SINGLE_ISSUER},
                           uint32_t{IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_COOP_TASKRUN}}) {
    auto ring = MakeRing({.refused_setup_flags = refused,
                          .hidden_features = abi::kFeatureMinTimeout | abi::kFeatureNoIowait});
    EXPECT_EQ(ring->setup_flags() & refused, 0u);
    ASSERT_TRUE(ring->Enable().ok());
    QueueNop(ring.get(), 1);
    EXPECT_EQ(ring->Enter({.wait_nr = 8, .timeout_ns = 1'000'000'000, .min_wait_us = 50}), 0);
    EXPECT_NE(ring->Peek(), nullptr);
  }
}

TEST(UringTest, MissingFeatureIsNamedWithTheKernelThatHasIt) {
  auto ring = Uring::Create({.hidden_features = IORING_FEAT_EXT_ARG});
  ASSERT_FALSE(ring.ok());
  EXPECT_EQ(ring.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(ring.status().message()), HasSubstr("waiting with a time limit (5.11)"));
}

std::string Explained(int error, int disabled) {
  return std::string(ExplainSetupFailure(error, {disabled, "5.10.0"}).message());
}

TEST(ExplainSetupFailureTest, PermissionNamesTheSysctlOnlyWhenItIsTheCause) {
  EXPECT_THAT(Explained(EPERM, 1), HasSubstr("kernel.io_uring_group"));
  EXPECT_THAT(Explained(EPERM, 2), HasSubstr("kernel.io_uring_disabled=2"));
  EXPECT_THAT(Explained(EPERM, 0), HasSubstr("seccomp"));
  EXPECT_THAT(Explained(EPERM, -1), HasSubstr("does not exist"));
}

TEST(ExplainSetupFailureTest, OtherCausesNameTheirRemedy) {
  EXPECT_THAT(Explained(ENOSYS, -1), HasSubstr("gVisor"));
  EXPECT_THAT(Explained(ENOMEM, -1), HasSubstr("memlock"));
  EXPECT_THAT(Explained(EMFILE, -1), HasSubstr("ulimit -n"));
  EXPECT_THAT(Explained(EINVAL, -1), HasSubstr("5.10.0"));
  EXPECT_THAT(Explained(EIO, -1), HasSubstr("report"));
}

}  // namespace
}  // namespace ringjournal::io
