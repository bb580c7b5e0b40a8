// The bytes of the conversation between nodes (proto/peer.proto).
#ifndef SERVER_CLUSTER_PEER_FRAMES_H_
#define SERVER_CLUSTER_PEER_FRAMES_H_

#include <string>
#include <string_view>

#include "journal/base/bytes.h"
#include "proto/peer.pb.h"

namespace ringjournal {

// What a node sends first on a connection that it makes: seven letters and the protocol's major.
inline constexpr std::string_view kPeerPreface{"RINGJPR\x01", 8};

// Appends a whole frame.
void AppendPeerFrame(const v1::PeerMessage& message, std::string* out);

// Appends the head of a Replicate frame, which `entries` bytes of ring records complete: they are
// not copied. `head.entries` is not looked at.
void AppendReplicateHead(const v1::Replicate& head, size_t entries_bytes, std::string* out);

// One frame as received. Of a Replicate only the head is parsed: the entries stay where they are.
struct PeerFrame {
  v1::PeerMessage message;
  ByteSpan entries;  // of a Replicate; valid as long as the frame's bytes
};

// False: it does not parse, or the entries of a Replicate are not its last field.
bool ParsePeerFrame(ByteSpan body, PeerFrame* frame);

}  // namespace ringjournal

#endif  // SERVER_CLUSTER_PEER_FRAMES_H_
