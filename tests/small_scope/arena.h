// Memory for a whole world, which can be saved and brought back: so a world that knows nothing of
// copies can be copied.
#ifndef TESTS_SMALL_SCOPE_ARENA_H_
#define TESTS_SMALL_SCOPE_ARENA_H_

#include <cstddef>
#include <vector>

namespace ringjournal::small_scope {

// What is allocated while an InArena lives comes from here, in the whole process; its pointers stay
// true over Save and Restore, which copy bytes and nothing else. Whatever is allocated in here must
// be freed in here, and nothing of it may be reached from outside once it was restored away. One
// thread.
class Arena {
 public:
  static constexpr size_t kBytesMax = size_t{256} << 20;

  // Forgets everything that is in it.
  static void Clear();
  static void Save(std::vector<char>* out);
  static void Restore(const std::vector<char>& saved);
  static size_t used_bytes();
};

class InArena {
 public:
  InArena();
  ~InArena();
  // After a jump over the end of its life.
  static void Leave();
  InArena(const InArena&) = delete;
  InArena& operator=(const InArena&) = delete;

 private:
  bool before_;
};

}  // namespace ringjournal::small_scope

#endif  // TESTS_SMALL_SCOPE_ARENA_H_
