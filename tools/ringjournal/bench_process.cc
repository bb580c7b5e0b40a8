#include "tools/ringjournal/bench_process.h"

#include <sched.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace ringjournal::bench {
namespace {

std::string FirstLine(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

// "RssAnon:      1234 kB" -> bytes; 0 if the line is of another field.
uint64_t FieldBytes(const std::string& line, const std::string& name) {
  if (line.rfind(name + ":", 0) != 0) return 0;
  return std::strtoull(line.c_str() + name.size() + 1, nullptr, 10) * 1024;
}

std::string CpuModel() {
  std::ifstream in("/proc/cpuinfo");
  std::string line;
  while (std::getline(in, line)) {
    if (line.rfind("model name", 0) != 0) continue;
    size_t colon = line.find(": ");
    return colon == std::string::npos ? line : line.substr(colon + 2);
  }
  return "not readable";
}

}  // namespace

int64_t ProcessCpuNs(pid_t pid) {
  clockid_t clock;
  timespec t = {};
  if (pid <= 0 || clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0) return 0;
  return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

absl::StatusOr<ResidentMemory> ReadResidentMemory(pid_t pid) {
  std::ifstream in(absl::StrCat("/proc/", pid, "/status"));
  ResidentMemory memory;
  std::string line;
  while (std::getline(in, line)) {
    memory.anonymous += FieldBytes(line, "RssAnon");
    memory.shared += FieldBytes(line, "RssShmem");
    memory.file += FieldBytes(line, "RssFile");
  }
  if (memory.total() > 0) return memory;
  return absl::NotFoundError(
      absl::StrCat("process ", pid, " has no memory to measure: it has ended; look at its log"));
}

bool PinToCpu(int cpu) {
  if (cpu < 0) return true;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(cpu), &set);
  return sched_setaffinity(0, sizeof set, &set) == 0;
}

CpuPin::CpuPin(int cpu) : restore_(cpu >= 0) {
  restore_ = restore_ && sched_getaffinity(0, sizeof before_, &before_) == 0 && PinToCpu(cpu);
}

CpuPin::~CpuPin() {
  if (restore_) sched_setaffinity(0, sizeof before_, &before_);
}

CpuPair ChooseCpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return {};
  std::vector<int> allowed;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(static_cast<size_t>(cpu), &set)) allowed.push_back(cpu);
  }
  if (allowed.size() < 2) return {};
  // The first processor takes most interrupts; the client is the less interesting of the two.
  return {.server = allowed[1], .client = allowed[0]};
}

MachineFacts ReadMachineFacts() {
  MachineFacts facts;
  facts.processors = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  facts.model = CpuModel();
  utsname name;
  if (uname(&name) == 0) facts.kernel = name.release;
  facts.governor = FirstLine("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
  if (facts.governor.empty()) facts.governor = "not readable";
  facts.load_average = std::strtod(FirstLine("/proc/loadavg").c_str(), nullptr);
  return facts;
}

}  // namespace ringjournal::bench
