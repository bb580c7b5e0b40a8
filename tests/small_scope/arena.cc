// The arena and the process's `new`, which it replaces. Freed blocks are kept by size; the lists
// stand in the arena too, so that they come back with it.
#include "tests/small_scope/arena.h"

#include <sys/mman.h>

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#include "journal/base/check.h"

namespace ringjournal::small_scope {
namespace {

constexpr size_t kHeaderBytes = 16;  // in front of each block: its class
constexpr size_t kFineBytesMax = 4096;
constexpr size_t kFineClasses = kFineBytesMax / 16 + 1;

struct Block {
  Block* next;
};

// At the arena's beginning.
struct Head {
  size_t used;
  Block* free[kFineClasses + 64];
};

char* memory = nullptr;
bool in_use = false;

Head* head() { return reinterpret_cast<Head*>(memory); }

void Map() {
  if (memory != nullptr) return;
  void* at = mmap(nullptr, Arena::kBytesMax, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  RJ_CHECK(at != MAP_FAILED);
  memory = static_cast<char*>(at);
}

// Small ones by 16 bytes, larger ones by powers of two.
size_t ClassOf(size_t bytes) {
  if (bytes <= kFineBytesMax) return (bytes + 15) / 16;
  return kFineClasses + static_cast<size_t>(std::bit_width(bytes - 1));
}
size_t BytesOf(size_t size_class) {
  return size_class < kFineClasses ? size_class * 16 : size_t{1} << (size_class - kFineClasses);
}

void* Take(size_t bytes) {
  size_t size_class = ClassOf(bytes == 0 ? 1 : bytes);
  Head* h = head();
  if (Block* block = h->free[size_class]) {
    h->free[size_class] = block->next;
    return block;
  }
  size_t whole = BytesOf(size_class) + kHeaderBytes;
  RJ_CHECK(h->used + whole <= Arena::kBytesMax);
  char* at = memory + h->used;
  h->used += whole;
  std::memcpy(at, &size_class, sizeof size_class);
  return at + kHeaderBytes;
}

void GiveBack(void* p) {
  size_t size_class = 0;
  std::memcpy(&size_class, static_cast<char*>(p) - kHeaderBytes, sizeof size_class);
  auto* block = static_cast<Block*>(p);
  block->next = head()->free[size_class];
  head()->free[size_class] = block;
}

bool Owns(const void* p) {
  auto at = reinterpret_cast<uintptr_t>(p), from = reinterpret_cast<uintptr_t>(memory);
  return memory != nullptr && at >= from && at < from + Arena::kBytesMax;
}

}  // namespace

void Arena::Clear() {
  Map();
  std::memset(memory, 0, sizeof(Head));
  head()->used = (sizeof(Head) + 63) / 64 * 64;
}
void Arena::Save(std::vector<char>* out) { out->assign(memory, memory + head()->used); }
void Arena::Restore(const std::vector<char>& saved) {
  std::memcpy(memory, saved.data(), saved.size());
}
size_t Arena::used_bytes() { return head()->used; }

InArena::InArena() : before_(in_use) { in_use = true; }
InArena::~InArena() { in_use = before_; }
void InArena::Leave() { in_use = false; }

void* Allocate(size_t bytes) {
  if (in_use) return Take(bytes);
  void* p = std::malloc(bytes == 0 ? 1 : bytes);
  RJ_CHECK(p != nullptr);
  return p;
}

void Free(void* p) {
  if (p == nullptr) return;
  if (Owns(p)) {
    GiveBack(p);
  } else {
    std::free(p);
  }
}

}  // namespace ringjournal::small_scope

// Blocks are aligned to 16 bytes; nothing here asks for more.
void* operator new(size_t bytes) { return ringjournal::small_scope::Allocate(bytes); }
void* operator new[](size_t bytes) { return ringjournal::small_scope::Allocate(bytes); }
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  return ringjournal::small_scope::Allocate(bytes);
}
void* operator new[](size_t bytes, const std::nothrow_t&) noexcept {
  return ringjournal::small_scope::Allocate(bytes);
}
void operator delete(void* p) noexcept { ringjournal::small_scope::Free(p); }
void operator delete[](void* p) noexcept { ringjournal::small_scope::Free(p); }
void operator delete(void* p, size_t) noexcept { ringjournal::small_scope::Free(p); }
void operator delete[](void* p, size_t) noexcept { ringjournal::small_scope::Free(p); }
void operator delete(void* p, const std::nothrow_t&) noexcept { ringjournal::small_scope::Free(p); }
void operator delete[](void* p, const std::nothrow_t&) noexcept {
  ringjournal::small_scope::Free(p);
}
