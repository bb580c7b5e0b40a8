// Checks one ring file offline.
#ifndef TOOLS_RINGJOURNAL_VERIFY_RING_H_
#define TOOLS_RINGJOURNAL_VERIFY_RING_H_

#include <optional>
#include <string>

#include "io/shared_memory.h"
#include "journal/base/bytes.h"
#include "journal/ring/ring_recovery.h"
#include "tools/ringjournal/verify_files.h"

namespace ringjournal::cli {

// True if the bytes start with a ring file's magic.
bool LooksLikeRing(ByteSpan bytes);
// A ring file, mapped and inspected.
struct OpenedRing {
  io::SharedRing memory;
  RingInspection found;
};
// Fills *report. nullopt: it cannot be read as a ring, for the reason there.
std::optional<OpenedRing> OpenRingFile(const std::string& path, FileReport* report);
// Every record between the ring's ends. Damage is what an honest restart would call not intact.
FileReport VerifyRingFile(const std::string& path);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_VERIFY_RING_H_
