// For tests: an application as a C program has it, and takeovers on a fake journal that is fenced.
#ifndef CLIENT_C_TAKEOVER_FIXTURE_H_
#define CLIENT_C_TAKEOVER_FIXTURE_H_

#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "client/c/c_fixture.h"
#include "client/testing/wait.h"

namespace ringjournal::client {

inline std::string StringOf(rj_bytes bytes) {
  return {static_cast<const char*>(bytes.data), bytes.size};
}

// Keeps what it has applied. A transaction called "refuse" or "mute" fails, and "flood" has an
// effect that is larger than any, and does not look at what rj_sink_put says.
struct CBook {
  std::vector<std::string> applied;
  std::string loaded;
  std::function<void()> inside;  // called by each apply
  bool has_digest = true;

  static CBook& Of(void* user) { return *static_cast<CBook*>(user); }

  static int32_t Apply(void* user, const rj_read_transaction* t, rj_sink* effect, rj_error* why) {
    EXPECT_EQ(t->struct_size, sizeof *t);
    EXPECT_EQ(why->struct_size, sizeof *why);
    const std::string payload = StringOf(t->payload);
    if (payload == "refuse") {
      std::snprintf(why->message, sizeof why->message, "no such order");
      return 7;
    }
    if (payload == "mute") return -3;
    CBook& book = Of(user);
    book.applied.push_back(payload);
    if (book.inside) book.inside();
    EXPECT_EQ(rj_sink_put(effect, "effect of ", 10), RJ_OK);
    if (payload == "flood") {
      EXPECT_EQ(rj_sink_put(effect, "x", SIZE_MAX), RJ_TOO_LARGE);
    }
    EXPECT_EQ(rj_sink_put(effect, payload.data(), payload.size()), RJ_OK);
    return 0;
  }
  static int32_t Digest(void* user, uint64_t* digest) {
    *digest = 1000 + Of(user).applied.size();
    return Of(user).has_digest ? 0 : 1;
  }
  static int32_t Load(void* user, rj_bytes state, rj_error* why) {
    Of(user).loaded = StringOf(state);
    if (Of(user).loaded != "refuse") return 0;
    std::snprintf(why->message, sizeof why->message, "not a book");
    return 1;
  }

  rj_state_machine Machine() {
    rj_state_machine machine = Init<rj_state_machine>();
    machine.user = this;
    machine.apply = Apply;
    machine.digest = Digest;
    machine.load = Load;
    return machine;
  }
};

class CTakeoverFixture : public CFixture {
 protected:
  CTakeoverFixture() { fake_.SetFenced(true); }

  static rj_standby_options Named(const char* name) {
    rj_standby_options options = Init<rj_standby_options>();
    options.name = name;
    options.heartbeat_ns = 5'000'000;
    options.silent_after_ns = 50'000'000;
    return options;
  }
  rj_standby* OpenStandby(CBook* book, const rj_standby_options& options) {
    rj_state_machine machine = book->Machine();
    rj_standby* standby = nullptr;
    EXPECT_EQ(rj_standby_open(journal_, &machine, &options, &standby, &error_), RJ_OK)
        << error_.message;
    return standby;
  }
  // By hand, at once. The promotion is the caller's, and its standby closed.
  rj_promotion* Promote(rj_standby* standby) {
    rj_promotion* promotion = nullptr;
    EXPECT_EQ(rj_standby_take_over(standby, nullptr, RJ_TIMEOUT_DEFAULT, &promotion, &error_),
              RJ_OK)
        << error_.message;
    EXPECT_EQ(rj_standby_close(standby, &error_), RJ_OK);
    return promotion;
  }
  rj_active_writer* TakeWriter(rj_promotion* promotion) {
    rj_active_writer* writer = nullptr;
    EXPECT_EQ(rj_promotion_take_writer(promotion, &writer, &error_), RJ_OK) << error_.message;
    return writer;
  }
  rj_active_writer* BecomeWriter(const rj_standby_options& options) {
    CBook book;
    rj_promotion* promotion = Promote(OpenStandby(&book, options));
    rj_active_writer* writer = TakeWriter(promotion);
    EXPECT_EQ(rj_promotion_close(promotion, &error_), RJ_OK);
    return writer;
  }
  rj_takeover_report ReportOf(const rj_promotion* promotion) {
    rj_takeover_report report = Init<rj_takeover_report>();
    EXPECT_EQ(rj_promotion_get_report(promotion, &report, &error_), RJ_OK) << error_.message;
    return report;
  }

  rj_outcome AppendOne(rj_active_writer* writer, std::string_view payload) {
    rj_outcome outcome = Init<rj_outcome>();
    EXPECT_EQ(rj_active_writer_append(writer, payload.data(), payload.size(), 30 * kSecond,
                                      &outcome, &error_),
              RJ_OK)
        << error_.message;
    return outcome;
  }
  // Follows until it holds, or an error ends it.
  rj_code FollowUntil(rj_standby* standby, const std::function<bool()>& holds) {
    rj_code code = RJ_OK;
    int32_t step = 0;
    const bool held = Eventually([&] {
      if (!holds()) code = rj_standby_follow(standby, 1'000'000, &step, &error_);
      return code != RJ_OK || holds();
    });
    return held ? code : RJ_DEADLINE;
  }
  rj_code FollowToItsEnd(rj_standby* standby) {
    return FollowUntil(standby, [] { return false; });
  }
  // The step at the end.
  int32_t FollowForEver(rj_standby* standby) {
    int32_t step = -1;
    EXPECT_EQ(rj_standby_follow(standby, RJ_TIMEOUT_DEFAULT, &step, &error_), RJ_OK)
        << error_.message;
    return step;
  }
};

}  // namespace ringjournal::client

#endif  // CLIENT_C_TAKEOVER_FIXTURE_H_
