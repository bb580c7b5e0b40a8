// The first of the journal's nodes accepts connections and never says a word.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/takeover/standby_fixture.h"
#include "journal/base/check.h"

namespace ringjournal::client {
namespace {

using ::testing::ElementsAre;

// A port of the loopback interface that refuses connections, and once frozen accepts them for
// nobody.
class FrozenNode {
 public:
  FrozenNode() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    RJ_CHECK(bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    RJ_CHECK(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    address_ = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
  }
  ~FrozenNode() { close(fd_); }

  const std::string& address() const { return address_; }
  void Freeze() { RJ_CHECK(listen(fd_, 64) == 0); }
  // So often somebody came since the last call.
  int TakeVisits() {
    int visits = 0;
    for (int fd; (fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; ++visits) close(fd);
    return visits;
  }

 private:
  int fd_;
  std::string address_;
};

class StandbyFrozenTest : public StandbyFixture {
 protected:
  std::unique_ptr<Standby> OpenBehindFirstNode(Book* book) {
    ClientOptions both = fake_.client_options();
    both.server = absl::StrCat(first_.address(), ",", fake_.address());
    auto opened = Standby::Open((*Client::Open(both))->Journal("orders"), book, Named("b"));
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *std::move(opened);
  }

  FrozenNode first_;
};

// To pass over such a node takes longer than a writer may be silent.
TEST_F(StandbyFrozenTest, ANodeThatFreezesBesideItsWriterDoesNotHideThatHeIsSilent) {
  Promotion a = BecomeWriter(Named("a"));
  Append(a.writer.get(), "x");
  Book book;
  auto b = OpenBehindFirstNode(&book);
  first_.Freeze();
  a.writer.reset();
  ASSERT_TRUE(FollowUntilSilent(b.get()).ok());
  Promotion promotion = TakeOver(b.get());
  EXPECT_THAT(book.applied, ElementsAre("x"));
  EXPECT_EQ(promotion.report.old_claimant, "a");
  Append(promotion.writer.get(), "y");
  EXPECT_EQ(first_.TakeVisits(), 1) << "the next requests begin elsewhere";
}

TEST_F(StandbyFrozenTest, ANodeThatIsFrozenFromTheStartIsGoneToOnce) {
  first_.Freeze();
  Book book;
  auto b = OpenBehindFirstNode(&book);
  ASSERT_TRUE(FollowUntilSilent(b.get()).ok());
  TakeOver(b.get());
  EXPECT_EQ(first_.TakeVisits(), 1);
}

}  // namespace
}  // namespace ringjournal::client
