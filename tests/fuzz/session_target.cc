// A whole session with a hostile client: the production shard under a script of chunks, other
// sessions, time, disk and store (session_script.h). The verdict is what became of the client.
#include "tests/fuzz/session_script.h"
#include "tests/fuzz/target.h"

namespace ringjournal::fuzz {
namespace {

using S = ScriptStep;

// Writes scripts as Decode reads them.
struct Writer {
  std::string script;
  Writer& Step(S step, std::initializer_list<int> arguments, int slot = 0) {
    script.push_back(static_cast<char>(slot << 5 | static_cast<int>(step)));
    for (int argument : arguments) script.push_back(static_cast<char>(argument));
    return *this;
  }
  Writer& Bytes(S step, const std::string& bytes, int slot = 0) {
    Step(step, {static_cast<int>(bytes.size())}, slot);
    script += bytes;
    return *this;
  }
};

// Greeted, and bound to the ledger with a producer of its own.
Writer Opened() { return Writer().Step(S::kHello, {0}).Step(S::kOpen, {0, 1}); }

}  // namespace

std::string Decode(ByteSpan input) { return SessionScript(input).Run(); }

std::vector<std::string> Seeds() {
  const std::string preface = "RINGJNL\x01";
  return {
      "",
      Writer().Bytes(S::kRaw, "GET / HTTP/1.1\r\n\r\n").script,
      Writer().Bytes(S::kRaw, preface + std::string("\xff\xff\xff\x7f", 4)).script,
      Writer().Step(S::kHello, {15}).script,
      Writer().Step(S::kHello, {0}).Step(S::kHello, {128}).script,
      Writer().Bytes(S::kRaw, preface).Step(S::kRequest, {9, 0}).script,
      Writer().Bytes(S::kRaw, preface).Step(S::kAdvance, {5}).Step(S::kBatch, {}).script,
      Writer().Step(S::kHello, {0}).Bytes(S::kFrame, "\xfa\x3f\x01x").script,
      Writer().Step(S::kHello, {0}).Bytes(S::kFrame, "\x0a\x05\xfa\x01\x02\x0a\x09").script,
      Writer().Step(S::kHello, {0}).Step(S::kHangUp, {0}).script,
      // Each request, on a journal that is there and on one that is not.
      [] {
        Writer all = Opened();
        for (int kind = 0; kind < 12; ++kind) {
          if (kind != 4) all.Step(S::kRequest, {kind, 0}).Step(S::kRequest, {kind, 3});
        }
        return all.script;
      }(),
      // Appends of every level, bent in every way.
      [] {
        Writer all = Opened();
        for (int i = 0; i < 16; ++i) {
          all.Step(S::kAppend, {i * 17, i}).Step(S::kRequest, {0, 0}).Step(S::kHonest, {});
        }
        return all.Step(S::kBatch, {}).Step(S::kAnswer, {15}).script;
      }(),
      Opened().Step(S::kAppend, {2, 5}).Step(S::kAppend, {2, 8}).script,
      Opened().Step(S::kAppend, {2, 8}).Step(S::kAppend, {2, 8}).Step(S::kHangUp, {0}).script,
      // Cut anywhere, with others in between.
      [] {
        Writer all;
        for (int slot = 0; slot < 3; ++slot) {
          all.Step(S::kPieces, {slot + 1}, slot).Step(S::kHello, {0}, slot);
          all.Step(S::kOpen, {0, slot == 0 ? 1 : slot * 2}, slot).Step(S::kHold, {3}, slot);
          all.Step(S::kAppend, {10, 8}, slot);
        }
        for (int slot = 0; slot < 3; ++slot) all.Step(S::kAppend, {11, 8}, slot);
        return all.script;
      }(),
      // A ring that is full for too long, then mended.
      [] {
        Writer all = Opened();
        for (int i = 0; i < 12; ++i) all.Step(S::kAppend, {5, 8}).Step(S::kBatch, {});
        all.Step(S::kAdvance, {4}).Step(S::kBatch, {}).Step(S::kRequest, {0, 0});
        return all.Step(S::kAnswer, {15}).Step(S::kAppend, {2, 8}).script;
      }(),
      Opened().Step(S::kWorld, {1}).Step(S::kAppend, {24 + 2, 8}).Step(S::kBatch, {}).script,
      // Reads: to the end, from disk, followed, located, stopped, without credit, slow.
      Opened().Step(S::kAppend, {2, 8}).Step(S::kRead, {1, 0, 24}).script,
      Opened().Step(S::kAppend, {2, 8}).Step(S::kRead, {1, 0, 25}).Step(S::kQueue, {3}).script,
      Opened().Step(S::kRead, {4, 0, 4}).Step(S::kRead, {1, 7 + 16, 26}).script,
      Opened().Step(S::kRead, {2, 0, 1}).Step(S::kRequest, {11, 0}).script,
      Opened().Step(S::kQueue, {4}).script,
      // Journals come and go.
      Writer().Step(S::kHello, {0}).Step(S::kOpen, {64 + 3, 1}).Step(S::kWorld, {64}).script,
      Writer().Step(S::kHello, {0}).Step(S::kOpen, {64 + 3, 1}).Step(S::kWorld, {2}).script,
      Writer().Step(S::kHello, {0}).Step(S::kSetting, {128 + 3, 44}).Step(S::kAnswer, {9}).script,
      Opened().Step(S::kSetting, {8, 32}).Step(S::kSetting, {24, 0}).script,
      Opened().Step(S::kRead, {2, 0, 1}).Step(S::kRequest, {4, 0}).Step(S::kAnswer, {3}).script,
      // The producer of the honest session is taken over, and ended.
      Writer().Step(S::kHello, {0}).Step(S::kOpen, {0, 3}).Step(S::kHonest, {}).script,
      Opened().Step(S::kRequest, {3, 128 + 64 + 9}).Step(S::kHonest, {}).script,
      Opened().Step(S::kAppend, {2, 8}).Step(S::kDrain, {7}).Step(S::kAppend, {2, 8}).script,
      Opened().Step(S::kRequest, {2, 0}).Step(S::kRepeat, {200}).script,
  };
}

}  // namespace ringjournal::fuzz
