// What is behind the opaque handles.
#ifndef CLIENT_C_HANDLES_H_
#define CLIENT_C_HANDLES_H_

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "client/c/c_state_machine.h"
#include "client/c/ringjournal.h"
#include "client/client.h"
#include "client/takeover/checkpoints.h"
#include "client/takeover/standby.h"

struct rj_client {
  std::unique_ptr<ringjournal::client::Client> client;
};

struct rj_journal {
  ringjournal::client::Journal journal;
};

struct rj_writer {
  std::unique_ptr<ringjournal::client::Writer> writer;
  std::chrono::nanoseconds append_timeout;
};

struct rj_subscription {
  std::unique_ptr<ringjournal::client::Subscription> subscription;
  // What views of the present transaction and of the newest loss point to.
  std::vector<rj_header> headers;
  std::vector<rj_range> held;
};

struct rj_active_writer {
  std::unique_ptr<ringjournal::client::ActiveWriter> writer;
  std::chrono::nanoseconds append_timeout;
};

struct rj_standby {
  std::unique_ptr<ringjournal::client::c::CStateMachine> machine;
  std::unique_ptr<ringjournal::client::Standby> standby;
  // Empty until the takeover: its options name it already, for callbacks of the writer to come.
  std::unique_ptr<rj_active_writer> writer;
};

struct rj_promotion {
  ringjournal::client::Promotion promotion;
  std::unique_ptr<rj_active_writer> writer;  // until it is taken
  // What the report points to.
  std::vector<rj_range> in_doubt;
  std::vector<rj_effect> effects;
  std::string cursor;
  std::string text;
};

struct rj_checkpoint_saver {
  std::unique_ptr<ringjournal::client::CheckpointSaver> saver;
};

#endif  // CLIENT_C_HANDLES_H_
