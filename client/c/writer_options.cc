#include "client/c/writer_options.h"

#include <vector>

#include "client/c/boundary.h"
#include "client/c/convert.h"
#include "client/c/in_callback.h"

namespace ringjournal::client::c {
namespace {

std::function<LossDecision(const LossNotice&)> OnLossOf(const void* handle,
                                                        rj_loss_callback on_loss, void* user) {
  if (on_loss == nullptr) return nullptr;
  return [handle, on_loss, user](const LossNotice& notice) {
    InCallback in(handle);
    std::vector<rj_range> held;
    rj_loss loss = LossOf(notice, &held);
    return on_loss(user, &loss) != 0 ? LossDecision::kAccept : LossDecision::kStop;
  };
}

}  // namespace

absl::StatusOr<WriterOptions> WriterOptionsOf(const std::string& argument,
                                              const rj_writer_options* given, const void* handle) {
  rj_writer_options options;
  if (absl::Status status = TakeStruct(argument, given, &options); !status.ok()) return status;
  WriterOptions out;
  const std::string level_name = argument + "->level";
  absl::StatusOr<Level> level = LevelOf(level_name.c_str(), options.level, out.level);
  if (!level.ok()) return level.status();
  out.level = *level;
  out.producer = TextOf(options.producer);
  out.writer = {options.writer_generation, options.writer_epoch};
  out.create = options.create != 0;
  PutDuration(options.open_timeout_ns, &out.open_timeout);
  PutDuration(options.append_timeout_ns, &out.append_timeout);
  if (options.appends_in_flight_max != 0) out.appends_in_flight_max = options.appends_in_flight_max;
  if (options.bytes_in_flight_max != 0) out.bytes_in_flight_max = options.bytes_in_flight_max;
  out.on_loss = OnLossOf(handle, options.on_loss, options.on_loss_user);
  return out;
}

}  // namespace ringjournal::client::c
