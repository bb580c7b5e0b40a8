// A simulated operator: makes the journal, trims it, asks for checkpoints and changes settings.
#ifndef TESTS_SIM_OPERATOR_PEER_H_
#define TESTS_SIM_OPERATOR_PEER_H_

#include <memory>
#include <string>

#include "client/core/request_session.h"
#include "tests/sim/peer.h"

namespace ringjournal::sim {

// One request at a time; each ends in an answer or in a definite error, or is unknown because the
// connection was lost.
class OperatorPeer : public Peer {
 public:
  OperatorPeer(const PeerContext& context, std::string journal,
               const v1::JournalSettings& settings);

  bool done() const override { return idle_; }
  bool journal_exists() const { return exists_; }

 protected:
  client::Session* session() const override { return session_.get(); }
  bool Work(Time now) override;
  void Check(Time now, bool may_work) override;

 private:
  void Ask(v1::ClientMessage request, bool changes_something);
  void AskCreate();
  void AskTrim();

  std::string journal_;
  v1::JournalSettings settings_;
  bool exists_ = false;
  bool idle_ = true;
  std::unique_ptr<client::RequestSession> session_;
};

}  // namespace ringjournal::sim

#endif  // TESTS_SIM_OPERATOR_PEER_H_
