// The script that an input of the target `session` is: bytes read as steps.
#ifndef TESTS_FUZZ_SESSION_SCRIPT_H_
#define TESTS_FUZZ_SESSION_SCRIPT_H_

#include <array>
#include <cstdint>
#include <string>

#include "tests/fuzz/session_world.h"

namespace ringjournal::fuzz {

// One byte names a step (low five bits) and a connection (the rest, modulo kSlots); what the step
// needs follows. Steps of the first group send frames that are right but for what the script bends:
// that is how deep states are reached.
enum class ScriptStep : uint8_t {
  kHello,    // protocol of the client
  kOpen,     // journal, producer, create
  kAppend,   // count, bytes, level, how it is bent
  kRead,     // from, until, flags, credit
  kRequest,  // kind, journal
  kSetting,  // create or set: name, four settings
  kFrame,    // length, body: any bytes, framed
  kRaw,      // length, bytes: not even framed
  kRepeat,   // so many times what this connection sent last
  kPieces,   // what follows is cut into pieces of so many bytes
  kHold,     // so many bytes of the next send wait for the one behind it
  kBatch,    // end of the batch
  kAdvance,  // time
  kAnswer,   // so many answers of disk, config store, memory
  kWorld,    // disk full, memory missing, conflicts
  kQueue,    // the socket's queue
  kHangUp,
  kReconnect,
  kHonest,  // the honest session appends
  kDrain,
  kCount,
};

// Runs a script beside an honest session, and checks what must hold whatever it was.
class SessionScript {
 public:
  explicit SessionScript(ByteSpan input) : input_(input) {}
  // What became of the connection that was used last.
  std::string Run();

 private:
  static constexpr size_t kSlots = 3;
  struct Slot {
    ConnectionNumber connection = 0;
    size_t piece_bytes = 0, hold_bytes = 0;
    std::string held, last_sent;
  };

  uint8_t Byte();
  std::string Bytes();
  std::string_view JournalName(uint8_t choice) const;
  void RunStep(ScriptStep step, Slot* slot);
  void RunWorldStep(ScriptStep step, Slot* slot);
  void Send(Slot* slot, const v1::ClientMessage& message);
  void SendBytes(Slot* slot, const std::string& bytes);
  SessionPeer* Peer(Slot* slot);

  void Hello(Slot* slot);
  void Open(Slot* slot);
  void Append(Slot* slot);
  void Read(Slot* slot);
  void Request(Slot* slot);
  void Setting(Slot* slot);
  void Repeat(Slot* slot);
  void Disturb();

  void StartHonest();
  void HonestAppend();
  void Finish();
  void CheckHonest();

  ByteSpan input_;
  SessionWorld world_;
  std::array<Slot, kSlots> slots_;
  Slot* last_ = &slots_[0];
  Slot honest_;
  size_t repeats_ = 0;
};

}  // namespace ringjournal::fuzz

#endif  // TESTS_FUZZ_SESSION_SCRIPT_H_
