#include "examples/matching_engine/engine_flags.h"

#include <charconv>
#include <cstdio>
#include <string_view>
#include <system_error>
#include <variant>

namespace ringjournal::matching {
namespace {

constexpr int kGoOn = -1, kBadUsage = 2;

constexpr char kUsage[] =
    "usage: engine --name NAME [flags]\n"
    "A matching engine whose orders are journaled before they are matched. The first of several "
    "with\n"
    "the same journal is the writer; the others stand by, and one takes over when it is silent.\n"
    "  --name NAME           who this is: another name for each process\n"
    "  --server ADDRESSES    nodes of ringjournal; default 127.0.0.1:7411\n"
    "  --journal NAME        of the orders, made if missing; default orders\n"
    "  --trades NAME         journal of the trades, made if missing; default trades\n"
    "  --input FILE          LOBSTER messages; - is stdin. All engines need the same input\n"
    "  --generate N          make up N orders instead; default 100000\n"
    "  --seed S              of what is made up; default 1\n"
    "  --rate N              orders per second; default 0: as fast as they are journaled\n"
    "  --digest-every N      compare the state with the writer's behind every Nth LSN; default 64\n"
    "  --checkpoint-every N  save the book every N orders, and trim the journal; default 0: never\n"
    "  --silent-after-ms N   take over when nothing was heard for so long; default 100\n"
    "  --heartbeat-ms N      say so often that this writer lives; default 25\n"
    "  --ring-bytes N        of a journal that is made; default 67108864\n"
    "example: engine --name engine-a --generate 1000000 --rate 20000\n";

int Refuse(const std::string& what) {
  std::fprintf(stderr, "engine: %s\n%s", what.c_str(), kUsage);
  return kBadUsage;
}

struct Flag {
  std::string_view name;
  std::variant<std::string EngineFlags::*, uint64_t EngineFlags::*> field;
};

constexpr Flag kFlags[] = {
    {"--name", &EngineFlags::name},
    {"--server", &EngineFlags::server},
    {"--journal", &EngineFlags::journal},
    {"--trades", &EngineFlags::trades},
    {"--input", &EngineFlags::input},
    {"--generate", &EngineFlags::generate},
    {"--seed", &EngineFlags::seed},
    {"--rate", &EngineFlags::rate},
    {"--digest-every", &EngineFlags::digest_every},
    {"--checkpoint-every", &EngineFlags::checkpoint_every},
    {"--silent-after-ms", &EngineFlags::silent_after_ms},
    {"--heartbeat-ms", &EngineFlags::heartbeat_ms},
    {"--ring-bytes", &EngineFlags::ring_bytes},
};

bool ParseNumber(std::string_view text, uint64_t* number) {
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, *number);
  return error == std::errc() && rest == end;
}

// Empty, or what is wrong.
std::string Set(const Flag& flag, const std::string& value, EngineFlags* flags) {
  if (const auto* text = std::get_if<0>(&flag.field)) {
    flags->*(*text) = value;
    return "";
  }
  uint64_t number = 0;
  if (!ParseNumber(value, &number)) {
    return std::string(flag.name) + " needs a whole number from 0 on, not \"" + value + "\"";
  }
  flags->*std::get<1>(flag.field) = number;
  return "";
}

const Flag* Find(std::string_view name) {
  for (const Flag& flag : kFlags) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

}  // namespace

int ParseEngineFlags(int argc, char** argv, EngineFlags* flags) {
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--help") return std::fputs(kUsage, stdout), 0;
    const Flag* flag = Find(name);
    if (flag == nullptr) return Refuse("there is no flag \"" + name + "\"");
    if (i + 1 == argc) return Refuse(name + " needs a value behind it");
    if (std::string wrong = Set(*flag, argv[i + 1], flags); !wrong.empty()) return Refuse(wrong);
  }
  if (flags->name.empty()) return Refuse("--name is missing: who is this?");
  return kGoOn;
}

}  // namespace ringjournal::matching
