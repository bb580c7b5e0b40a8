// Payloads that say who wrote them, so that one that is lost, doubled or changed cannot pass.
#ifndef TESTS_CHAOS_PAYLOAD_H_
#define TESTS_CHAOS_PAYLOAD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringjournal::chaos {

// The `number`-th payload of a producer; both from 1.
struct PayloadName {
  uint32_t producer = 0;
  uint64_t number = 0;
  friend bool operator==(const PayloadName&, const PayloadName&) = default;
};

// "p3.17", for people.
std::string Text(PayloadName name);

// Between 20 and about 500 bytes, which only the name decides.
std::string PayloadOf(PayloadName name);

// The name of a payload; nothing if any byte of it is not as PayloadOf made it.
std::optional<PayloadName> NameOf(std::string_view payload);

}  // namespace ringjournal::chaos

#endif  // TESTS_CHAOS_PAYLOAD_H_
