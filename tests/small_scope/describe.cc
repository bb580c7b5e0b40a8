// A world in words.
#include "absl/strings/str_cat.h"
#include "server/cluster/peer_frames.h"
#include "server/config_store/document.h"
#include "tests/small_scope/world.h"

namespace ringjournal::small_scope {
namespace {

std::string TextOf(const std::string& frame) {
  size_t head = frame.substr(0, 8) == kPeerPreface ? kPeerPreface.size() : 0;
  PeerFrame parsed;
  if (!ParsePeerFrame(AsBytes(frame).subspan(head + 4), &parsed)) return "?";
  const v1::PeerMessage& m = parsed.message;
  if (m.has_replicate()) {
    return absl::StrCat("Replicate of epoch ", m.replicate().epoch(),
                        parsed.entries.empty() ? ", no entries" : ", entries from ",
                        parsed.entries.empty() ? "" : absl::StrCat(m.replicate().first_index()),
                        ", commit ", m.replicate().commit_index());
  }
  if (m.has_replicate_ack()) {
    return absl::StrCat("ReplicateAck of epoch ", m.replicate_ack().epoch(), " up to entry ",
                        m.replicate_ack().end_index());
  }
  if (m.has_follow()) {
    return absl::StrCat("Follow of epoch ", m.follow().epoch(), ", nonce ", m.follow().nonce(),
                        ", end ", m.follow().end_index());
  }
  if (m.has_follow_ok()) {
    return absl::StrCat("FollowOk of epoch ", m.follow_ok().epoch(), ", nonce ",
                        m.follow_ok().nonce(), ", keep up to ", m.follow_ok().truncate_to(),
                        m.follow_ok().has_snapshot() ? ", with a snapshot" : "");
  }
  if (m.has_probe()) return "Probe";
  if (m.has_probe_reply()) return "ProbeReply";
  return m.has_hello() ? "PeerHello" : "?";
}

std::string TextOf(const v1::ConfigDocument& document) {
  const v1::JournalConfig& j = document.journals(0);
  std::string text =
      absl::StrCat("epoch ", j.generation(), "/", j.epoch(), " led by ",
                   j.has_leader() ? ReplicaText(j.leader()) : "nobody", ", in sync:");
  for (const v1::ReplicaId& id : j.isr()) absl::StrAppend(&text, " ", ReplicaText(id));
  return text;
}

}  // namespace

std::string World::Describe(const Choice& c) const {
  using Kind = Choice::Kind;
  const std::string node = NameOf(c.a);
  switch (c.kind) {
    case Kind::kDeliver: {
      const Wire& wire = wires_.at(WiresTo(c.a)[c.b]);
      return absl::StrCat(node, " gets from ", NameOf(wire.from), ": ",
                          wire.messages.empty() ? std::string("the end of the connection")
                                                : TextOf(wire.messages.front().bytes));
    }
    case Kind::kPass:
      if (!journal(c.a)->leads()) return absl::StrCat("time passes on ", node);
      return absl::StrCat("time passes on ", node, ", which leads",
                          c.b == c.a ? "" : absl::StrCat(" and does not hear ", NameOf(c.b)));
    case Kind::kPassLong:
      return absl::StrCat("a long time passes on ", node);
    case Kind::kExecute:
      return absl::StrCat("the store carries out what ", node, " asks (version ",
                          nodes_[c.a].asked[c.b].expected_version, " -> ",
                          TextOf(nodes_[c.a].asked[c.b].document), "; it has version ",
                          document_.version(), ")");
    case Kind::kAnswer:
      return absl::StrCat(node, " is told that its change was made");
    case Kind::kUnknown:
      return absl::StrCat(node, " is told that the outcome of its change is unknown");
    case Kind::kLate:
      return absl::StrCat("the store carries out a late request of ", NameOf(late_[c.b].node), ": ",
                          TextOf(late_[c.b].request.document));
    case Kind::kLearn:
      return absl::StrCat(node, " reads version ", document_.version());
    case Kind::kAppend:
      return absl::StrCat("the client appends ", client_.sent + 1, " at ",
                          NameOf(static_cast<uint32_t>(client_.node)));
    case Kind::kOpen:
      return absl::StrCat("the client goes to ", node);
    case Kind::kCrash:
      return absl::StrCat(node, " crashes", c.b == 1 ? " and loses its memory" : "");
    case Kind::kRestart:
      return absl::StrCat(node, " starts again");
    case Kind::kHold:
      if (c.a == c.b) return absl::StrCat(node, " hears nothing of the config store for a while");
      return absl::StrCat("what ", node, " has sent to ", NameOf(c.b), " takes longer");
  }
  return "?";
}

std::string World::Summary() const {
  std::string text = absl::StrCat("version ", document_.version(), ": ", TextOf(document_), "; ");
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    absl::StrAppend(&text, NameOf(i), "/", nodes_[i].incarnation.value());
    if (!alive(i)) {
      absl::StrAppend(&text, nodes_[i].has_ring ? " down" : " down, empty", "; ");
      continue;
    }
    const Marks marks = replica(i)->marks();
    absl::StrAppend(&text, " ", journal(i)->leads() ? "leads" : "follows", " ",
                    replica(i)->options().epoch.epoch, " end ", marks.end.index.value(),
                    " committed ", marks.committed.index.value(), "; ");
  }
  return absl::StrCat(text, client_.acked, " of ", client_.offered, " appends acknowledged");
}

}  // namespace ringjournal::small_scope
