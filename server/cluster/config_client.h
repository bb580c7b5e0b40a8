// A node's view of the config document, and its changes: one at a time, none taken for failed whose
// outcome is not known.
#ifndef SERVER_CLUSTER_CONFIG_CLIENT_H_
#define SERVER_CLUSTER_CONFIG_CLIENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/config_store/config_store.h"

namespace ringjournal {

// Pure; one thread. Requests go out by the vector that it is given, answers come back by token.
//
// An unknown outcome is settled before anything else is proposed: reading the version that was
// expected does not prove the request dead, so a no-op change of that version is sent until a
// higher version has been seen (replication.md section 5).
class ConfigClient {
 public:
  // `document`: as it stood when the node was registered. Tokens are `token_base` and above.
  ConfigClient(v1::ConfigDocument document, uint64_t token_base, uint64_t incarnation)
      : document_(std::move(document)), token_(token_base), incarnation_(incarnation) {}

  const v1::ConfigDocument& document() const { return document_; }
  uint64_t version() const { return document_.version(); }

  // True while a change may not be proposed: one is out, or its outcome is not settled.
  bool busy() const { return cas_token_.has_value() || unsettled_.has_value(); }
  // Proposes `next` instead of the document as it is known. Not while busy.
  void Propose(v1::ConfigDocument next, std::vector<ConfigRequest>* out);
  // Somebody has seen a newer document, or may have: read, unless a read is out already.
  void WantRead() { wants_read_ = true; }
  // Somebody has seen this version.
  void NoteVersion(uint64_t version) {
    if (version > document_.version()) WantRead();
  }

  // What an answer meant to the change that was proposed.
  enum class Result { kNothing, kApplied, kConflict, kRefused, kUnknown };
  // Takes an answer to a request of this object. Any newer document in it is taken over; look at
  // version().
  Result OnAnswer(const ConfigCompletion& done, int64_t now_ns);
  // True for tokens of this object that are out.
  bool Owns(uint64_t token) const {
    return cas_token_ == token || read_token_ == token || settle_token_ == token;
  }
  // Sends what is due. A read at least every kConfigPollMs.
  void Turn(int64_t now_ns, std::vector<ConfigRequest>* out);
  int64_t deadline_ns() const;
  // A change of somebody else in this process was answered with a document.
  void TakeOver(const v1::ConfigDocument& document);

 private:
  v1::ConfigDocument document_;
  uint64_t token_;
  uint64_t incarnation_;
  std::optional<uint64_t> cas_token_, read_token_, settle_token_;
  std::optional<uint64_t> unsettled_;  // the version that a change of unknown outcome expected
  int64_t settle_at_ns_ = 0;
  int64_t read_at_ns_ = 0;
  bool wants_read_ = false;
};

}  // namespace ringjournal

#endif  // SERVER_CLUSTER_CONFIG_CLIENT_H_
