// First in, first out, in one piece of memory that only grows: no allocation once it is warm.
#ifndef IO_FIFO_H_
#define IO_FIFO_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "journal/base/check.h"

namespace ringjournal::io {

// Its owner limits how much is pushed. Belongs to one thread.
template <class T>
class Fifo {
 public:
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  const T& front() const {
    RJ_CHECK(size_ > 0);
    return slots_[head_];
  }
  void Push(T value) {
    if (size_ == slots_.size()) Grow();
    slots_[(head_ + size_++) & (slots_.size() - 1)] = std::move(value);
  }
  T Pop() {
    RJ_CHECK(size_ > 0);
    T value = std::move(slots_[head_]);
    head_ = (head_ + 1) & (slots_.size() - 1);
    --size_;
    return value;
  }

 private:
  void Grow() {
    std::vector<T> larger(slots_.empty() ? 16 : 2 * slots_.size());
    for (size_t i = 0; i < size_; ++i) {
      larger[i] = std::move(slots_[(head_ + i) & (slots_.size() - 1)]);
    }
    slots_ = std::move(larger);
    head_ = 0;
  }

  std::vector<T> slots_;  // a power of two
  size_t head_ = 0;
  size_t size_ = 0;
};

}  // namespace ringjournal::io

#endif  // IO_FIFO_H_
