// What goes into a shard and what comes out of it.
#ifndef SERVER_SESSION_EFFECTS_H_
#define SERVER_SESSION_EFFECTS_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "journal/base/bytes.h"
#include "journal/base/types.h"
#include "journal/checkpoint/storage_op.h"
#include "journal/ring/ring_memory.h"
#include "proto/config.pb.h"
#include "server/config_store/config_store.h"

namespace ringjournal {

// Names a connection for its whole life; never reused.
using ConnectionNumber = uint64_t;
// Numbers of connections that a shard asks for; the driver's own lie below.
inline constexpr ConnectionNumber kDialedConnections = ConnectionNumber{1} << 62;
// Position of a journal in the shard; never reused.
using JournalNumber = uint32_t;

// ---- events ----

struct Accepted {
  ConnectionNumber connection;
};
struct Received {
  ConnectionNumber connection;
  ByteSpan bytes;  // valid during the Step
};
// The peer is gone, or will send no more. `error` is 0 for an orderly end.
struct ReceiveEnded {
  ConnectionNumber connection;
  int error;
};
// What the socket has not taken yet, after a send. 0: all of it went.
struct SendQueue {
  ConnectionNumber connection;
  uint64_t queued_bytes;
};
struct StorageAnswer {
  JournalNumber journal;
  StorageDone done;
};
struct ConfigAnswer {
  ConfigCompletion completion;
};
// Memory for a journal that was created; `error` is empty on success.
struct RingAnswer {
  JournalId journal;
  RingMemory memory;
  std::string error;
};
// A node has connected to the peers' listener.
struct PeerAccepted {
  ConnectionNumber connection;
};
// What became of ShardEffects::Dial.
struct Dialed {
  ConnectionNumber connection;
  // 0: connected. ECONNREFUSED: the host answers, nobody listens there: the process is gone. Others
  // say nothing about the process.
  int error = 0;
};
// The config document has changed or may have: the store's watch says so. Only a hint: some changes
// are never told, some late.
struct ConfigHint {
  v1::ConfigDocument document;  // as it stood then; version 0: not told, so it is to be read
};
// Nothing more has arrived: acknowledge, replicate, checkpoint.
struct EndOfBatch {};
// Refuse new work, finish what was accepted.
struct DrainRequested {};

using ShardEvent =
    std::variant<Accepted, Received, ReceiveEnded, SendQueue, StorageAnswer, ConfigAnswer,
                 RingAnswer, EndOfBatch, DrainRequested, PeerAccepted, Dialed, ConfigHint>;

// ---- effects ----

// Carried out in this order: sends, closes, pauses and resumes, then the rest. The bytes of a send
// are valid until the next Step and must be copied or sent before it.
struct ShardEffects {
  struct Send {
    ConnectionNumber connection;
    ByteSpan head;
    ByteSpan body;  // often the ring's own bytes
  };
  struct Storage {
    JournalNumber journal;
    StorageOp op;
  };
  // Make shared memory for a new journal.
  struct RingWanted {
    JournalId journal;
    uint64_t data_bytes;
    uint64_t head_bytes;
    // What is left of an earlier membership is deleted first: this replica begins empty.
    bool anew = false;
  };
  // The journal is removed: unmap its memory, delete its ring and segments.
  struct Discard {
    JournalNumber journal;
    JournalId id;
  };
  // This node is a member no longer: unmap its memory; ring and segments stay.
  struct Release {
    JournalNumber journal;
    JournalId id;
  };
  // A journal began to live: where its storage operations go.
  struct Opened {
    JournalNumber journal;
    JournalId id;
  };
  // Connect to a peer. The connection's number is the shard's own choice, at or above
  // kDialedConnections; it is used like that of an accepted one afterwards, and is closed by
  // `closes` also while the answer is still out.
  struct Dial {
    ConnectionNumber connection;
    std::string address;
  };

  std::vector<Send> sends;
  std::vector<ConnectionNumber> closes;  // after what is queued has been sent
  // Stop receiving, the rest waits in the socket; and go on. A connection is in one of them.
  std::vector<ConnectionNumber> pauses, resumes;
  std::vector<Opened> opened;
  std::vector<Storage> storage;
  std::vector<ConfigRequest> config;
  std::vector<RingWanted> rings;
  std::vector<Discard> discards;
  std::vector<Release> releases;
  std::vector<Dial> dials;
  std::vector<std::string> notes;  // one sentence each, for the log
  std::string fatal;               // not empty: the process must stop with this reason
  bool replaced = false;           // it is that another process is this node now

  void ClearConnections() {
    sends.clear();
    closes.clear();
    pauses.clear();
    resumes.clear();
  }
  void Clear() {
    ClearConnections();
    opened.clear();
    storage.clear();
    config.clear();
    rings.clear();
    discards.clear();
    releases.clear();
    dials.clear();
    notes.clear();
  }
};

}  // namespace ringjournal

#endif  // SERVER_SESSION_EFFECTS_H_
