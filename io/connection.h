// The state of one connection, and the table of all of them.
#ifndef IO_CONNECTION_H_
#define IO_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "io/event.h"
#include "io/out_buffer.h"
#include "io/socket_address.h"
#include "journal/base/check.h"

namespace ringjournal::io {

struct Connection {
  enum class State : uint8_t {
    kFree,
    kConnecting,
    kOpen,
    kFlushing,   // CloseAfterFlush: sending what is queued, dropping what arrives
    kLingering,  // everything sent and our side shut down; waits until the peer has read it
    kClosing,    // waits for its last operation
  };

  int fd = -1;
  uint32_t generation = 1;
  // Operations in the kernel that name fd. It is closed only at 0: close(2) would not stop them.
  uint32_t operations = 0;
  int32_t error = 0;  // errno that broke the connection
  State state = State::kFree;
  bool receive_armed : 1 = false;
  bool receive_paused : 1 = false;
  bool receive_cancelled : 1 = false;  // a cancel is under way
  bool receive_ended : 1 = false;      // end of stream or error
  bool arm_due : 1 = false;            // a receive is to be armed in the next turn
  bool send_in_flight : 1 = false;
  bool above_mark : 1 = false;  // kSendDrained is due
  bool error_reported : 1 = false;
  uint64_t discarded_bytes = 0;            // received after CloseAfterFlush
  std::unique_ptr<OutBuffer> out;          // null while nothing is queued
  std::unique_ptr<Address> connecting_to;  // the kernel reads it when the connect is submitted

  size_t queued_bytes() const { return out == nullptr ? 0 : out->size(); }
  bool sendable() const {
    return error == 0 && (state == State::kOpen || state == State::kConnecting);
  }
  // True if a receive ought to be armed and is not.
  bool wants_receive() const {
    return !receive_armed && !receive_paused && !receive_ended && !arm_due &&
           (state == State::kOpen || state == State::kFlushing || state == State::kLingering);
  }
};
static_assert(sizeof(Connection) <= 128, "many connections are idle");

// Slots with generations. References stay valid: all slots are reserved at once (memory that is not
// touched costs nothing).
class ConnectionTable {
 public:
  explicit ConnectionTable(uint32_t limit) : limit_(limit) { slots_.reserve(limit); }

  bool full() const { return open_ == limit_; }
  uint32_t open() const { return open_; }
  size_t slots() const { return slots_.size(); }

  // The table must not be full.
  ConnectionId Add(int fd, Connection::State state) {
    RJ_CHECK(!full());
    if (free_.empty()) {
      slots_.emplace_back();
      free_.push_back(static_cast<uint32_t>(slots_.size() - 1));
    }
    uint32_t slot = free_.back();
    free_.pop_back();
    ++open_;
    Connection& c = slots_[slot];
    c.fd = fd;
    c.state = state;
    return {slot, c.generation};
  }
  void Remove(ConnectionId id) {
    Connection& c = Get(id);
    uint32_t next = c.generation + 1;
    c = Connection();
    c.generation = next == 0 ? 1 : next;
    free_.push_back(id.slot);
    --open_;
  }
  // Null if the connection is gone.
  Connection* Find(ConnectionId id) {
    if (id.slot >= slots_.size()) return nullptr;
    Connection& c = slots_[id.slot];
    return c.generation == id.generation && c.state != Connection::State::kFree ? &c : nullptr;
  }
  // An operation keeps its connection alive, so a completion always finds it.
  Connection& Get(ConnectionId id) {
    Connection* c = Find(id);
    RJ_CHECK(c != nullptr);
    return *c;
  }
  Connection& at(size_t slot) { return slots_[slot]; }

 private:
  uint32_t limit_;
  uint32_t open_ = 0;
  std::vector<Connection> slots_;
  std::vector<uint32_t> free_;
};

}  // namespace ringjournal::io

#endif  // IO_CONNECTION_H_
