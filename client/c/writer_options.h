// The options of a writer, of whichever kind.
#ifndef CLIENT_C_WRITER_OPTIONS_H_
#define CLIENT_C_WRITER_OPTIONS_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/c/ringjournal.h"
#include "client/writer.h"

namespace ringjournal::client::c {

// `handle`: of the writer that they are for; on_loss runs as a callback of it.
absl::StatusOr<WriterOptions> WriterOptionsOf(const std::string& argument,
                                              const rj_writer_options* given, const void* handle);

}  // namespace ringjournal::client::c

#endif  // CLIENT_C_WRITER_OPTIONS_H_
