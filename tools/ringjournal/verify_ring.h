// Checks one ring file offline.
#ifndef TOOLS_RINGJOURNAL_VERIFY_RING_H_
#define TOOLS_RINGJOURNAL_VERIFY_RING_H_

#include <string>

#include "journal/base/bytes.h"
#include "tools/ringjournal/verify_files.h"

namespace ringjournal::cli {

// True if the bytes start with a ring file's magic.
bool LooksLikeRing(ByteSpan bytes);
// Every record between the ring's ends. Damage is what an honest restart would call not intact.
FileReport VerifyRingFile(const std::string& path);

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_VERIFY_RING_H_
