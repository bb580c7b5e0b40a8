// One client of the simulated cluster: a production session that tries the nodes in turn.
#ifndef TESTS_CLUSTER_SIM_SIM_CLIENT_H_
#define TESTS_CLUSTER_SIM_SIM_CLIENT_H_

#include <map>
#include <memory>
#include <string>

#include "client/core/node_choice.h"
#include "client/core/session.h"
#include "journal/format/frame.h"
#include "tests/cluster_sim/journal_truth.h"
#include "tests/cluster_sim/mutant_hook.h"
#include "tests/cluster_sim/network.h"

namespace ringjournal::cluster_sim {

// For a trace. Without its payloads: Abseil gives them in an order that differs between processes.
inline std::string StatusText(const absl::Status& status) {
  return status.ToString(absl::StatusToStringMode::kWithNoExtraData);
}

// What a client needs of the world around it; all of it outlives the client.
struct ClientEnvironment {
  EventQueue* events;
  Random* random;
  Report* report;
  Network* network;
  JournalTruth* truth;  // of its journal
  uint32_t nodes = 1;
  SimMutant mutant = SimMutant::kNone;
};

// Moves bytes between its session and whatever node it is connected to. Derived classes make the
// session, give it work and check what it says. One thread.
class SimClient : public EventTarget, public NetworkUser {
 public:
  SimClient(const ClientEnvironment& environment, HostNumber host, std::string name);

  // Begins to live.
  void Begin() { Pump(); }
  // Nothing is asked and not answered.
  virtual bool done() const = 0;
  virtual std::string Describe() const { return name_; }
  const std::string& name() const { return name_; }

  void OnEvent(uint32_t kind, uint64_t arg) override;
  void OnAccepted(EndNumber, bool) override {}
  void OnDialed(EndNumber end, int error) override;
  void OnBytes(EndNumber end, ByteSpan bytes) override;
  void OnEnded(EndNumber end, int error) override;
  void OnQueue(EndNumber, uint64_t) override { Pump(); }
  int64_t paused_until_ns() const override { return 0; }

 protected:
  virtual client::Session* session() const = 0;
  // Something new to do; called whenever the client is awake. Returns when to be called again.
  virtual int64_t Work() = 0;
  // When there will be, as it stands after everything that could be done now.
  virtual int64_t NextWork() const { return INT64_MAX; }
  // After every event: outcomes and losses are taken. May put a new session in place of one that
  // has stopped.
  virtual void Check() = 0;
  HostNumber host() const { return host_; }
  // Which it has dialed last.
  uint32_t node() const { return node_; }
  int64_t now_ns() const { return env_.events->now_ns(); }

  ClientEnvironment env_;

 protected:
  // The connection goes with the session that has stopped.
  void Drop();

 private:
  enum Kind : uint32_t { kWake };
  void Pump();
  bool Turn();
  void Dial();
  bool SendSome();
  void CheckTold(ByteSpan bytes);

  HostNumber host_;
  std::string name_;
  uint32_t node_ = 0;
  EndNumber end_ = kNoEnd;
  bool connected_ = false;
  std::unique_ptr<FrameDecoder> heard_;  // of this connection
  client::NodeChoice choice_;
  int64_t connect_deadline_ns_ = 0;
  int64_t wake_at_ns_ = INT64_MAX;
};

}  // namespace ringjournal::cluster_sim

#endif  // TESTS_CLUSTER_SIM_SIM_CLIENT_H_
