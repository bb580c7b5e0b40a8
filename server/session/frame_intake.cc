#include "server/session/frame_intake.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace ringjournal {
namespace {

absl::string_view ToAbsl(std::string_view s) { return {s.data(), s.size()}; }

bool LooksLikeHttp(std::string_view s) {
  for (const char* method :
       {"GET ", "HEAD", "POST", "PUT ", "DELE", "OPTI", "PATC", "CONN", "PRI "}) {
    if (absl::StartsWith(ToAbsl(s), method)) return true;
  }
  return false;
}

bool LooksLikeTls(std::string_view s) { return s.size() >= 2 && s[0] == 0x16 && s[1] == 0x03; }

}  // namespace

std::string PrefaceComplaint(std::string_view received) {
  const char* hint = "use a ringjournal client, for example: ringjournal --server HOST:PORT status";
  if (LooksLikeHttp(received)) {
    std::string body = absl::StrCat("This is a ringjournal port, not an HTTP server; ", hint, "\n");
    return absl::StrCat(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close"
        "\r\nContent-Length: ",
        body.size(), "\r\n\r\n", body);
  }
  if (LooksLikeTls(received)) {
    return absl::StrCat("ringjournal: this port does not speak TLS; connect without it; ", hint,
                        "\n");
  }
  if (absl::StartsWith(ToAbsl(received), "RINGJNL")) {
    return absl::StrCat("ringjournal: this server speaks protocol major 1, the client ",
                        static_cast<int>(static_cast<uint8_t>(received.back())),
                        "; use a client of the same major version\n");
  }
  return absl::StrCat("ringjournal: not a ringjournal client (the preface is wrong); ", hint, "\n");
}

// True once the preface is whole. It is compared as it comes, so that a wrong one is answered at
// its first wrong byte and never waited for.
bool FrameIntake::TakePreface(ByteSpan* bytes) {
  size_t n = std::min(bytes->size(), kPreface.size() - preface_.size());
  preface_.append(AsView(bytes->first(n)));
  *bytes = bytes->subspan(n);
  return preface_ == kPreface.substr(0, preface_.size());
}

FrameIntake::Outcome FrameIntake::Feed(ByteSpan bytes, OnFrame on_frame, std::string* complaint) {
  if (stalled_) {
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(waiting_from_));
    waiting_from_ = 0;
    waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
    return Outcome::kStalled;
  }
  if (preface_.size() < kPreface.size()) {
    if (!TakePreface(&bytes)) {
      *complaint = PrefaceComplaint(preface_);
      return Outcome::kWrongPreface;
    }
    if (preface_.size() < kPreface.size()) return Outcome::kOk;
  }
  Outcome outcome = Decode(&bytes, on_frame, complaint);
  if (outcome == Outcome::kStalled) waiting_.assign(bytes.begin(), bytes.end());
  return outcome;
}

FrameIntake::Outcome FrameIntake::Decode(ByteSpan* bytes, OnFrame on_frame,
                                         std::string* complaint) {
  while (true) {
    ByteSpan frame;
    FrameDecoder::Result result = decoder_.Next(bytes, &frame);
    if (result == FrameDecoder::Result::kNeedMore) return Outcome::kOk;
    if (result == FrameDecoder::Result::kTooLarge) {
      *complaint = absl::StrCat("a frame of ", decoder_.announced_bytes(),
                                " bytes is over the limit; see ServerLimits in the hello reply");
      return Outcome::kTooLarge;
    }
    Taken taken = on_frame(frame);
    if (taken == Taken::kEnd) return Outcome::kEnded;
    if (taken == Taken::kStall) {
      waiting_frame_.assign(frame.begin(), frame.end());
      stalled_ = true;
      return Outcome::kStalled;
    }
  }
}

FrameIntake::Outcome FrameIntake::Retry(OnFrame on_frame, std::string* complaint) {
  if (!stalled_) return Outcome::kOk;
  Taken taken = on_frame(waiting_frame_);
  if (taken == Taken::kStall) return Outcome::kStalled;
  stalled_ = false;
  Outcome outcome = Outcome::kEnded;
  if (taken == Taken::kYes) {
    // In place: what still waits after this must not be copied once for each try.
    ByteSpan rest = ByteSpan(waiting_).subspan(waiting_from_);
    outcome = Decode(&rest, on_frame, complaint);
    waiting_from_ = waiting_.size() - rest.size();
  }
  if (outcome == Outcome::kStalled) return outcome;
  waiting_frame_ = {};
  waiting_ = {};
  waiting_from_ = 0;
  return outcome;
}

}  // namespace ringjournal
