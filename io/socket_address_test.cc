#include "io/socket_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringjournal::io {
namespace {

using ::testing::HasSubstr;

std::string RoundTrip(std::string_view text) {
  auto address = Address::Parse(text);
  return address.ok() ? address->ToString() : std::string(address.status().message());
}

TEST(AddressTest, PrintsWhatItParsed) {
  EXPECT_EQ(RoundTrip("127.0.0.1:7000"), "127.0.0.1:7000");
  EXPECT_EQ(RoundTrip("[::1]:7000"), "[::1]:7000");
  EXPECT_EQ(RoundTrip("0.0.0.0:0"), "0.0.0.0:0");
  EXPECT_EQ(RoundTrip("[2001:db8::7]:65535"), "[2001:db8::7]:65535");
}

TEST(AddressTest, LocalhostIsTheIPv4Loopback) {
  EXPECT_EQ(RoundTrip("localhost:7000"), "127.0.0.1:7000");
}

TEST(AddressTest, RefusesWithTheReasonAndTheAcceptedForms) {
  EXPECT_THAT(RoundTrip("127.0.0.1"), HasSubstr("port is missing"));
  EXPECT_THAT(RoundTrip("127.0.0.1:"), HasSubstr("0 to 65535"));
  EXPECT_THAT(RoundTrip("127.0.0.1:65536"), HasSubstr("0 to 65535"));
  EXPECT_THAT(RoundTrip("127.0.0.1:-1"), HasSubstr("0 to 65535"));
  EXPECT_THAT(RoundTrip("127.0.0.1:7x"), HasSubstr("0 to 65535"));
  EXPECT_THAT(RoundTrip("::1:7000"), HasSubstr("needs brackets"));
  EXPECT_THAT(RoundTrip("[::1:7000"), HasSubstr("needs brackets"));
  EXPECT_THAT(RoundTrip("[1.2.3.4]:7000"), HasSubstr("not an IPv6"));
  EXPECT_THAT(RoundTrip(":7000"), HasSubstr("host is missing"));
  EXPECT_THAT(RoundTrip("example.org:7000"), HasSubstr("localhost:7000"));
  EXPECT_THAT(RoundTrip(""), HasSubstr("port is missing"));
}

TEST(AddressTest, KnowsLoopbackAddresses) {
  EXPECT_TRUE(Address::Parse("127.1.2.3:1")->is_loopback());
  EXPECT_TRUE(Address::Parse("[::1]:1")->is_loopback());
  EXPECT_TRUE(Address::Parse("[::ffff:127.0.0.1]:1")->is_loopback());
  EXPECT_FALSE(Address::Parse("0.0.0.0:1")->is_loopback());
  EXPECT_FALSE(Address::Parse("128.0.0.1:1")->is_loopback());
  EXPECT_FALSE(Address::Parse("[::2]:1")->is_loopback());
}

TEST(AddressTest, SurvivesTheKernelsForm) {
  for (const char* text : {"10.1.2.3:99", "[2001:db8::7]:80"}) {
    Address address = *Address::Parse(text);
    auto again = Address::FromSockaddr(address.raw(), address.raw_bytes());
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(*again, address);
  }
  sockaddr foreign = {};
  foreign.sa_family = AF_UNIX;
  EXPECT_FALSE(Address::FromSockaddr(&foreign, sizeof foreign).ok());
}

TEST(ResolveAddressTest, NumericAddressesNeedNoLookUp) {
  EXPECT_EQ(ResolveAddress("[::1]:5")->ToString(), "[::1]:5");
  EXPECT_FALSE(ResolveAddress("nothing").ok());
}

}  // namespace
}  // namespace ringjournal::io
