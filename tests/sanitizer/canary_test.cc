// Proof that --config=asan and --config=ubsan really instrument: a sanitized run that finds nothing
// means something only where the sanitizer would have found it.
#include <climits>
#include <cstddef>

#include "gtest/gtest.h"

namespace ringjournal {
namespace {

// Volatile, so that the compiler cannot see the mistake.
volatile size_t g_past_the_end = 16;
volatile int g_int_max = INT_MAX;

void ReadPastTheEnd() {
  char* volatile bytes = new char[16];
  char byte = bytes[g_past_the_end];
  delete[] bytes;
  g_int_max = g_int_max - byte;
}

void OverflowASignedInteger() { g_int_max = g_int_max + 1; }

TEST(SanitizerDeathTest, AReadPastTheEndOfAHeapBlockEndsTheProcess) {
  EXPECT_DEATH(ReadPastTheEnd(), "heap-buffer-overflow");
}

TEST(SanitizerDeathTest, ASignedOverflowEndsTheProcess) {
  EXPECT_DEATH(OverflowASignedInteger(), "signed integer overflow");
}

}  // namespace
}  // namespace ringjournal
