// One client of the simulation: a production session over a simulated connection.
#ifndef TESTS_SIM_PEER_H_
#define TESTS_SIM_PEER_H_

#include <map>
#include <memory>
#include <string>

#include "client/core/session.h"
#include "tests/sim/link.h"
#include "tests/sim/mutants.h"
#include "tests/sim/sim_node.h"

namespace ringjournal::sim {

// What a peer needs of the world around it.
struct PeerContext {
  Random* random;
  Report* report;
  Mutant mutant = Mutant::kNone;
  std::map<ConnectionNumber, Link*>* links;
  ConnectionNumber* next_connection;
  // The model of the journal of that name; null while there is none.
  std::map<JournalId, std::unique_ptr<LogModel>>* models;
};

// Moves bytes between its session and the node, in pieces of random size, whatever order chance
// wants. Derived classes make the session, give it work and check what it says. One thread.
class Peer {
 public:
  Peer(const PeerContext& context, std::string name) : c_(context), name_(std::move(name)) {}
  virtual ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // One random thing that is possible now. `node` is null while no process serves. False: nothing
  // was possible.
  bool Act(SimNode* node, Time now, bool may_work);
  // The connection is cut; bytes on their way arrive in part.
  void Cut(SimNode* node, Time now);
  // The process at the other end is gone; what it had sent may still arrive.
  void OnProcessGone();

  int64_t deadline_ns() const;
  // Nothing is asked and not answered.
  virtual bool done() const = 0;
  virtual std::string Describe() const { return name_; }
  const std::string& name() const { return name_; }

 protected:
  virtual client::Session* session() const = 0;
  // Something new to do, if `may_work`. False: no.
  virtual bool Work(Time now) = 0;
  // After every event: outcomes and losses are taken.
  virtual void Check(Time now, bool may_work) {}

  PeerContext c_;

 private:
  bool Connect(SimNode* node, Time now);
  bool Send(Time now);
  bool DeliverUp(SimNode* node, Time now);
  bool DeliverDown(Time now);
  bool EndClosed(SimNode* node, Time now);
  void Drop();
  size_t PieceOf(size_t bytes);

  std::string name_;
  std::unique_ptr<Link> link_;
};

}  // namespace ringjournal::sim

#endif  // TESTS_SIM_PEER_H_
