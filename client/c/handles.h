// What is behind the opaque handles.
#ifndef CLIENT_C_HANDLES_H_
#define CLIENT_C_HANDLES_H_

#include <chrono>
#include <memory>
#include <vector>

#include "client/c/ringjournal.h"
#include "client/client.h"

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

#endif  // CLIENT_C_HANDLES_H_
