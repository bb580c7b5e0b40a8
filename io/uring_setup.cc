// What to tell people when the kernel or a sandbox refuses io_uring.
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <fstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "io/uring.h"

namespace ringjournal::io {
namespace {

constexpr char kSandboxRemedy[] =
    "run it with a seccomp profile that allows io_uring_setup, io_uring_enter and "
    "io_uring_register (Docker: --security-opt seccomp=FILE, or seccomp=unconfined to try)";

absl::Status ExplainPermission(const SetupFacts& facts) {
  if (facts.disabled > 0) {
    return absl::PermissionDeniedError(absl::StrCat(
        "the kernel refuses io_uring because of the sysctl kernel.io_uring_disabled=",
        facts.disabled,
        facts.disabled == 1 ? " (only members of the group kernel.io_uring_group and privileged "
                              "processes may use it): add this user to that group, or set "
                              "kernel.io_uring_disabled=0 as root"
                            : " (nobody may use it): set kernel.io_uring_disabled=0 as root"));
  }
  return absl::PermissionDeniedError(
      absl::StrCat("io_uring_setup is not permitted although the sysctl kernel.io_uring_disabled ",
                   facts.disabled == 0 ? "is 0" : "does not exist",
                   ", so a container's seccomp profile blocks it: ", kSandboxRemedy));
}

}  // namespace

SetupFacts ReadSetupFacts() {
  SetupFacts facts;
  std::ifstream sysctl("/proc/sys/kernel/io_uring_disabled");
  if (!(sysctl >> facts.disabled)) facts.disabled = -1;
  utsname name = {};
  if (uname(&name) == 0) facts.kernel_release = name.release;
  rlimit limit = {};
  if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0) facts.locked_kib_max = limit.rlim_cur / 1024;
  return facts;
}

absl::Status ExplainSetupFailure(int error, const SetupFacts& facts) {
  switch (error) {
    case EPERM:
    case EACCES:
      return ExplainPermission(facts);
    case ENOSYS:
      return absl::UnimplementedError(absl::StrCat(
          "this kernel (", facts.kernel_release,
          ") has no io_uring, or a sandbox (a seccomp profile, gVisor) hides it: use Linux 6.1 or "
          "newer with CONFIG_IO_URING, and ",
          kSandboxRemedy));
    case ENOMEM:
      return absl::ResourceExhaustedError(absl::StrCat(
          "io_uring_setup got no memory; the queues of all processes of a user count against the "
          "limit of locked memory (",
          facts.locked_kib_max,
          " KiB here): raise it with `ulimit -l unlimited`, LimitMEMLOCK=infinity in the unit, or "
          "--ulimit memlock=-1 for a container, or run fewer of them as this user"));
    case EMFILE:
    case ENFILE:
      return absl::ResourceExhaustedError(
          absl::StrCat("io_uring_setup got no file descriptor (", strerror(error),
                       "): raise the limit of open files with `ulimit -n` or LimitNOFILE="));
    case EINVAL:
      return absl::UnimplementedError(absl::StrCat(
          "this kernel (", facts.kernel_release,
          ") does not know the io_uring features that are needed: use Linux 6.1 or newer"));
    default:
      return absl::InternalError(absl::StrCat("io_uring_setup failed: ", strerror(error),
                                              " (kernel ", facts.kernel_release,
                                              "): please report it with this line"));
  }
}

absl::Status CheckRequiredFeatures(Uring* ring, const SetupFacts& facts) {
  std::vector<std::string> missing;
  auto require = [&](bool present, const char* what) {
    if (!present) missing.push_back(what);
  };
  require(ring->has(IORING_FEAT_EXT_ARG), "waiting with a time limit (5.11)");
  require(ring->has(IORING_FEAT_NODROP), "kept completions on overflow (5.5)");
  require(ring->has(IORING_FEAT_FAST_POLL), "internal polling (5.7)");
  io_uring_probe* probe = io_uring_get_probe_ring(ring->raw());
  // SEND_ZC came with multishot receive (6.0), which has no probe of its own.
  require(probe != nullptr && io_uring_opcode_supported(probe, IORING_OP_SEND_ZC),
          "multishot receive (6.0)");
  if (probe != nullptr) io_uring_free_probe(probe);
  if (missing.empty()) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat("io_uring of this kernel (", facts.kernel_release,
                                               ") lacks: ", absl::StrJoin(missing, ", "),
                                               ". Use Linux 6.1 or newer."));
}

}  // namespace ringjournal::io
