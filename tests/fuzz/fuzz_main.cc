// The entry point of libFuzzer; built with --config=fuzz only.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ringjournal::fuzz::Decode({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
