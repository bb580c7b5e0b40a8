// What this machine offers: read once, so that the judgement on it can be tested without it.
#ifndef SERVER_CONFIG_MACHINE_FACTS_H_
#define SERVER_CONFIG_MACHINE_FACTS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "proto/config.pb.h"
#include "server/config/options.h"

namespace ringjournal {

// A directory, or the nearest parent that exists, in which it would be made.
struct PlaceFacts {
  std::string path;           // what was looked at
  bool is_there = false;      // the directory itself exists
  bool is_directory = false;  // what exists there is a directory
  bool writable = false;      // by this process
  bool in_memory = false;     // tmpfs or ramfs
  uint64_t bytes_total = 0;   // of its file system
  uint64_t bytes_free = 0;    // of it, for this user
};

struct MachineFacts {
  PlaceFacts data_dir, ring_dir;
  uint64_t memory_bytes = 0;    // of the machine, or of this process's control group
  uint64_t open_files_max = 0;  // soft limit of this process; 0: not known
  uint32_t processors = 0;      // that this process may use
  // The config document in the data directory; absent if there is none yet.
  std::optional<v1::ConfigDocument> document;
  std::string document_problem;  // why it could not be read, though it is there
};

// Blocking; creates and locks nothing.
PlaceFacts ReadPlaceFacts(const std::string& path);
MachineFacts ReadMachineFacts(const ServerOptions& options);

}  // namespace ringjournal

#endif  // SERVER_CONFIG_MACHINE_FACTS_H_
