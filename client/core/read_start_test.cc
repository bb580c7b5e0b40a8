// Where a read begins and ends: cursors, and positions that only the server can find.
#include <string>
#include <vector>

#include "client/core/fake_peer.h"
#include "client/core/read_session.h"
#include "client/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void Fill(FakePeer* peer) {
  peer->AddControl();
  peer->AddTransactions({"1", "2", "3"});
  peer->AddControl();
  peer->AddTransactions({"4"});
  peer->AddTransactions({"5", "6"});
}

// A server that knows the place of one id and of all times.
void AnswerLocates(FakePeer* peer, std::vector<uint64_t> lsns) {
  peer->on_message = [peer, lsns, next = size_t{0}](const v1::ClientMessage& message) mutable {
    if (!message.has_locate()) return false;
    v1::ServerMessage reply;
    reply.mutable_locate_reply()->set_request_id(message.locate().request_id());
    reply.mutable_locate_reply()->set_lsn(lsns.at(next++));
    peer->Send(reply);
    return true;
  };
}

std::vector<std::string> Take(ReadSession* session, size_t max = SIZE_MAX,
                              ReadTransaction* last = nullptr) {
  std::vector<std::string> payloads;
  ReadTransaction t;
  while (payloads.size() < max && session->Next(&t)) {
    payloads.emplace_back(AsView(t.payload));
    if (last != nullptr) *last = t;
  }
  return payloads;
}

ReadSessionOptions Options() {
  ReadSessionOptions options;
  options.journal = "orders";
  return options;
}

TEST(ReadStart, TheOpenDoesNotWaitForTheAnswerToTheHello) {
  ReadSession session(Options());
  FakePeer peer(&session);
  peer.on_message = [](const v1::ClientMessage& m) { return true; };  // answers nothing
  peer.Connect();
  peer.Deliver();
  ASSERT_EQ(peer.received.size(), 2u);
  EXPECT_TRUE(peer.received[0].has_hello());
  EXPECT_EQ(peer.received[1].open().journal(), "orders");
}

// Behind the transaction `n` of the journal that Fill makes.
Cursor CursorBehind(uint64_t n) {
  ReadSession session(Options());
  FakePeer peer(&session);
  Fill(&peer);
  peer.Connect();
  peer.Settle();
  ReadTransaction last;
  Take(&session, n, &last);
  Cursor cursor{{}, last.epoch, last.index, last.lsn, last.chain};
  JournalId::FromView(session.journal_id(), &cursor.journal);
  return cursor;
}

std::vector<std::string> ReadBehind(const Cursor& cursor, absl::Status* status,
                                    const std::string& journal_id = std::string(16, 'j')) {
  ReadSessionOptions options = Options();
  options.cursor = cursor;
  ReadSession session(options);
  FakePeer peer(&session);
  peer.journal_id = journal_id;
  Fill(&peer);
  peer.Connect();
  peer.Settle();
  std::vector<std::string> payloads = Take(&session);
  *status = session.status();
  return payloads;
}

TEST(ReadStart, TimesAndIdsAreAskedForAndTheEndNamesTheLastWanted) {
  ReadSessionOptions options = Options();
  options.from = Position::AtTime(17);
  options.until = Position::OfTransaction("x");
  ReadSession session(options);
  FakePeer peer(&session);
  Fill(&peer);
  AnswerLocates(&peer, {2, 5});
  peer.Connect();
  peer.Settle();
  EXPECT_THAT(Take(&session), ElementsAre("2", "3", "4", "5"));
  EXPECT_TRUE(session.finished());
  EXPECT_EQ(session.from_lsn(), Lsn(2));
  EXPECT_EQ(session.until_lsn(), Lsn(6));
}

TEST(ReadStart, ATimeAsTheEndLiesBetweenTransactions) {
  ReadSessionOptions options = Options();
  options.until = Position::AtTime(17);
  ReadSession session(options);
  FakePeer peer(&session);
  Fill(&peer);
  AnswerLocates(&peer, {3});
  peer.Connect();
  peer.Settle();
  EXPECT_THAT(Take(&session), ElementsAre("1", "2"));
}

TEST(ReadStart, AfterADisconnectNothingIsAskedForAgain) {
  ReadSessionOptions options = Options();
  options.from = Position::OfTransaction("x");
  ReadSession session(options);
  FakePeer peer(&session);
  Fill(&peer);
  AnswerLocates(&peer, {2});
  peer.Connect();
  peer.Settle();
  EXPECT_THAT(Take(&session, 1), ElementsAre("2"));
  peer.Disconnect();
  peer.Connect();
  peer.Settle();
  EXPECT_THAT(Take(&session), ElementsAre("3", "4", "5", "6"));
}

TEST(ReadStart, AnIdThatIsNotFoundEndsTheRead) {
  ReadSessionOptions options = Options();
  options.from = Position::OfTransaction("x");
  ReadSession session(options);
  FakePeer peer(&session);
  peer.on_message = [&](const v1::ClientMessage& message) {
    if (!message.has_locate()) return false;
    peer.SendError(message.locate().request_id(), v1::ERROR_CODE_TRANSACTION_NOT_FOUND, "no x");
    return true;
  };
  peer.Connect();
  peer.Settle();
  EXPECT_EQ(CodeOf(session.status()), ErrorCode::kTransactionNotFound);
}

TEST(ReadStart, ACursorGoesOnBehindEachTransactionAlsoInsideAnEntry) {
  const std::vector<std::string> all = {"1", "2", "3", "4", "5", "6"};
  for (size_t n = 1; n <= 6; ++n) {
    absl::Status status;
    std::vector<std::string> seen = ReadBehind(CursorBehind(n), &status);
    EXPECT_EQ(seen, std::vector<std::string>(all.begin() + static_cast<ptrdiff_t>(n), all.end()));
    EXPECT_TRUE(status.ok()) << n << ": " << status;
  }
}

TEST(ReadStart, ACursorOfAnotherJournalIsRefusedAndNothingIsRead) {
  absl::Status status;
  EXPECT_THAT(ReadBehind(CursorBehind(3), &status, std::string(16, 'k')), IsEmpty());
  EXPECT_EQ(CodeOf(status), ErrorCode::kBadCursor);
  EXPECT_THAT(std::string(status.message()), HasSubstr("another one"));
}

TEST(ReadStart, ACursorWhoseEntryHasChangedIsRefused) {
  absl::Status status;
  Cursor cursor = CursorBehind(4);  // the next entry follows at once, so the chain must fit
  cursor.chain ^= 1;
  EXPECT_THAT(ReadBehind(cursor, &status), IsEmpty());
  EXPECT_EQ(CodeOf(status), ErrorCode::kDamaged);
}

TEST(ReadStart, WholeEntriesComeWithTheControlRecordsBetweenThem) {
  ReadSessionOptions options = Options();
  options.from = Position::At(Lsn(2));
  options.until_lsn = Lsn(5);
  ReadSession session(options);
  FakePeer peer(&session);
  Fill(&peer);
  peer.Connect();
  peer.Settle();
  std::vector<uint64_t> indexes;
  RecordView view;
  while (session.NextEntry(&view)) indexes.push_back(view.header.index.value());
  EXPECT_THAT(indexes, ElementsAre(2, 3, 4));
  EXPECT_TRUE(session.finished());
}

bool AsksForTheEnd(const ReadSessionOptions& options) {
  ReadSession session(options);
  FakePeer peer(&session);
  Fill(&peer);
  bool linearizable = false;
  peer.on_message = [&](const v1::ClientMessage& message) {
    linearizable = linearizable || message.open().linearizable();
    return false;
  };
  peer.Connect();
  peer.Settle();
  return linearizable;
}

TEST(ReadStart, WhatDependsOnTheEndIsAskedForLinearizably) {
  ReadSessionOptions options = Options();
  EXPECT_TRUE(AsksForTheEnd(options)) << "it ends at the end";
  options.follow = true;
  EXPECT_FALSE(AsksForTheEnd(options)) << "whatever is committed later comes, too";
  options.from = Position::Newest();
  EXPECT_TRUE(AsksForTheEnd(options));
  options.from = Position::Last(2);
  EXPECT_TRUE(AsksForTheEnd(options));
  options.linearizable = false;
  EXPECT_FALSE(AsksForTheEnd(options));
  options = Options();
  options.follow = true;
  options.until = Position::Newest();
  EXPECT_TRUE(AsksForTheEnd(options));
  options.until = Position::At(Lsn(3));
  EXPECT_FALSE(AsksForTheEnd(options));
}

}  // namespace
}  // namespace ringjournal::client
