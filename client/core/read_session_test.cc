#include "client/core/read_session.h"

#include <array>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "client/core/fake_peer.h"
#include "client/errors.h"
#include "client/trimmed.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace ringjournal::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ReadSessionOptions Options(Position from, bool follow = false) {
  ReadSessionOptions options;
  options.journal = "orders";
  options.from = from;
  options.follow = follow;
  return options;
}

void Fill(FakePeer* peer) {
  peer->AddControl();
  peer->AddTransactions({"1", "2", "3"});
  peer->AddControl();
  peer->AddTransactions({"4"});
  peer->AddTransactions({"5", "6"});
}

std::vector<std::string> Take(ReadSession* session, size_t max = SIZE_MAX) {
  std::vector<std::string> payloads;
  ReadTransaction t;
  while (payloads.size() < max && session->Next(&t)) payloads.emplace_back(AsView(t.payload));
  return payloads;
}

std::vector<std::string> ReadAll(const ReadSessionOptions& options) {
  ReadSession session(options);
  FakePeer peer(&session);
  Fill(&peer);
  peer.Connect();
  peer.Settle();
  std::vector<std::string> payloads = Take(&session);
  EXPECT_TRUE(session.finished());
  return payloads;
}

TEST(ReadSession, ReadsFromTheOldestToTheEnd) {
  EXPECT_THAT(ReadAll(Options(Position::Oldest())), ElementsAre("1", "2", "3", "4", "5", "6"));
}

TEST(ReadSession, DropsWhatLiesBeforeAndBehindTheRangeInsideAnEntry) {
  ReadSessionOptions options = Options(Position::At(Lsn(2)));
  options.until_lsn = Lsn(6);
  EXPECT_THAT(ReadAll(options), ElementsAre("2", "3", "4", "5"));
}

TEST(ReadSession, LastCountsFromTheEndAndStopsAtTheOldest) {
  EXPECT_THAT(ReadAll(Options(Position::Last(2))), ElementsAre("5", "6"));
  EXPECT_THAT(ReadAll(Options(Position::Last(100))), ElementsAre("1", "2", "3", "4", "5", "6"));
  EXPECT_THAT(ReadAll(Options(Position::Newest())), IsEmpty());
}

TEST(ReadSession, ManyAtOnceAreTheSameAsOneByOneForEveryRange) {
  for (uint64_t from = 1; from <= 6; ++from) {
    for (uint64_t until = from + 1; until <= 7; ++until) {
      for (size_t at_once = 1; at_once <= 7; ++at_once) {
        ReadSessionOptions options = Options(Position::At(Lsn(from)));
        options.until_lsn = Lsn(until);
        ReadSession session(options);
        FakePeer peer(&session);
        Fill(&peer);
        peer.Connect();
        peer.Settle();
        std::vector<ReadTransaction> room(at_once);
        uint64_t next = from;
        while (size_t taken = session.Next(room)) {
          for (const ReadTransaction& t : std::span(room).first(taken)) {
            EXPECT_EQ(t.lsn, Lsn(next));
            EXPECT_EQ(AsView(t.payload), std::to_string(next++));
          }
          EXPECT_EQ(session.next_lsn(), Lsn(next)) << "what was not given out is not passed over";
        }
        EXPECT_EQ(next, until) << from << " " << at_once;
        EXPECT_TRUE(session.finished());
      }
    }
  }
}

TEST(ReadSession, LargeFramesInPiecesOfAnySizeAreReadWholeWhileOthersWait) {
  std::vector<std::string> payloads;
  for (char c : {'a', 'b', 'c', 'd'}) payloads.emplace_back(20'000, c);
  for (size_t piece : {999u, 20'000u, 20'100u, 45'000u, 1'000'000u}) {
    ReadSession session(Options(Position::Oldest()));
    FakePeer peer(&session);
    for (const std::string& payload : payloads) peer.AddTransactions({payload, "small"});
    peer.Connect();
    std::vector<std::string> read;
    ReadTransaction t;
    for (int i = 0; i < 2000 && !session.finished(); ++i) {
      peer.Deliver();
      peer.Answer(piece, piece);
      if (i % 3 != 0) continue;  // so that several chunks wait, and their memory is used again
      while (session.Next(&t)) read.emplace_back(AsView(t.payload));
    }
    ASSERT_EQ(read.size(), 8u) << piece;
    for (size_t i = 0; i < read.size(); ++i) {
      EXPECT_EQ(read[i], i % 2 == 0 ? payloads[i / 2] : "small") << piece;
    }
  }
}

TEST(ReadSession, WhatIsWholeBeforeADamagedEntryIsGivenOutFirst) {
  ReadSession session(Options(Position::Oldest()));
  FakePeer peer(&session);
  peer.AddTransactions({"a", "b"});
  peer.AddTransactions({"c"});
  std::string run = peer.log();
  run.back() = static_cast<char>(run.back() ^ 1);
  EntryReader reader;
  reader.SetRun(AsBytes(run));
  std::array<ReadTransaction, 8> room;
  absl::Status error;
  EXPECT_EQ(reader.Next(room, &error), 2u);
  EXPECT_TRUE(error.ok());
  EXPECT_EQ(reader.Next(room, &error), 0u);
  EXPECT_EQ(CodeOf(error), ErrorCode::kDamaged);
  EXPECT_EQ(reader.Next(room, &error), 0u) << "and it stays so";
}

TEST(ReadSession, AnEmptyRangeIsFinishedWithoutAskingForData) {
  ReadSessionOptions options = Options(Position::At(Lsn(4)));
  options.until_lsn = Lsn(4);
  EXPECT_THAT(ReadAll(options), IsEmpty());
}

TEST(ReadSession, AReconnectInsideAnEntryNeitherSkipsNorRepeats) {
  for (size_t taken = 0; taken <= 6; ++taken) {
    ReadSession session(Options(Position::Oldest()));
    FakePeer peer(&session);
    Fill(&peer);
    peer.Connect();
    for (int i = 0; i < 3; ++i) {
      peer.Deliver();
      peer.Answer(SIZE_MAX, 11);
    }
    std::vector<std::string> payloads = Take(&session, taken);
    peer.Disconnect();
    peer.Connect();
    peer.Settle();
    for (const std::string& payload : Take(&session)) payloads.push_back(payload);
    EXPECT_THAT(payloads, ElementsAre("1", "2", "3", "4", "5", "6")) << taken;
    EXPECT_TRUE(session.finished());
  }
}

TEST(ReadSession, ATailFromNewestKeepsWhatIsAppendedWhileItIsDisconnected) {
  ReadSession session(Options(Position::Newest(), true));
  FakePeer peer(&session);
  Fill(&peer);
  peer.Connect();
  peer.Settle();
  EXPECT_THAT(Take(&session), IsEmpty());
  EXPECT_TRUE(session.caught_up());
  peer.Disconnect();
  peer.AddTransactions({"7"});
  peer.Connect();
  peer.Settle();
  EXPECT_THAT(Take(&session), ElementsAre("7"));
  EXPECT_FALSE(session.finished());
}

TEST(ReadSession, EveryFlippedBitOfAnEntryIsNoticedAndNothingWrongIsDelivered) {
  ReadSession source(Options(Position::Oldest()));
  FakePeer maker(&source);
  maker.AddTransactions({"abc"});
  std::string record = maker.log();
  for (size_t bit = 0; bit < record.size() * 8; ++bit) {
    std::string bad = record;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    EntryReader reader;
    reader.SetRun(AsBytes(bad));
    ReadTransaction t;
    absl::Status error;
    bool delivered = reader.Next({&t, 1}, &error) == 1;
    // A flip in the tag can turn the record into framing, which is skipped; then the LSN check of
    // the next entry finds the hole.
    EXPECT_FALSE(delivered) << "bit " << bit;
  }
}

TEST(ReadSession, AMissingEntryIsNoticed) {
  ReadSession session(Options(Position::Oldest()));
  FakePeer peer(&session);
  peer.AddTransactions({"a"});
  size_t first_end = peer.log().size();
  peer.AddTransactions({"b"});
  size_t second_end = peer.log().size();
  peer.AddTransactions({"c"});
  std::string holed = peer.log();
  holed.erase(first_end, second_end - first_end);
  EntryReader reader;
  reader.SetRun(AsBytes(holed));
  ReadTransaction t;
  absl::Status error;
  EXPECT_EQ(reader.Next({&t, 1}, &error), 1u);
  EXPECT_EQ(reader.Next({&t, 1}, &error), 0u);
  EXPECT_EQ(CodeOf(error), ErrorCode::kDamaged);
}

TEST(ReadSession, ATrimmedStartIsATypedErrorThatNamesTheFirstReadableLsn) {
  ReadSession session(Options(Position::At(Lsn(3))));
  FakePeer peer(&session);
  peer.on_message = [&](const v1::ClientMessage& message) {
    if (!message.has_read()) return false;
    v1::ServerMessage reply;
    reply.mutable_read_end()->set_request_id(message.read().request_id());
    reply.mutable_read_end()->set_reason(v1::ReadEnd::REASON_TRIMMED);
    reply.mutable_read_end()->set_next_lsn(3);
    reply.mutable_read_end()->set_resume_lsn(9);
    peer.Send(reply);
    return true;
  };
  peer.Connect();
  peer.Settle();
  EXPECT_THAT(Take(&session), IsEmpty());
  EXPECT_EQ(CodeOf(session.status()), ErrorCode::kTrimmed);
  EXPECT_THAT(std::string(session.status().message()), ::testing::HasSubstr("LSN 9"));
  EXPECT_EQ(OldestLsnOf(session.status()), Lsn(9));
  EXPECT_EQ(OldestLsnOf(absl::OkStatus()), Lsn(0));
}

TEST(ReadSession, CreditIsGivenBackAsDataIsTaken) {
  ReadSessionOptions options = Options(Position::Oldest(), true);
  options.credit_bytes = 400;
  ReadSession session(options);
  FakePeer peer(&session);
  Fill(&peer);
  peer.Connect();
  peer.Settle();
  Take(&session);
  peer.Settle();
  uint64_t returned = 0;
  for (const v1::ClientMessage& message : peer.received) returned += message.read_credit().bytes();
  EXPECT_GT(returned, 0u);
  EXPECT_LE(returned, peer.log().size());
  EXPECT_GT(returned + options.credit_bytes / 4, peer.log().size());
}

// As a server does after a recovery: a read that goes on above the start of a loss is refused until
// the reader names the new generation.
void LoseFrom(FakePeer* peer, uint64_t first_lsn) {
  peer->generation = 2;
  peer->on_message = [peer, first_lsn](const v1::ClientMessage& message) {
    if (!message.has_read() || message.read().generation() >= 2) return false;
    if (message.read().from().lsn() <= first_lsn) return false;
    v1::ServerMessage reply;
    reply.mutable_error()->set_request_id(message.read().request_id());
    reply.mutable_error()->set_code(v1::ERROR_CODE_DATA_LOSS);
    reply.mutable_error()->mutable_data_loss()->set_generation(2);
    reply.mutable_error()->mutable_data_loss()->mutable_report()->set_first_lsn(first_lsn);
    peer->Send(reply);
    return true;
  };
}

TEST(ReadSession, ALossOfSomethingSeenHoldsTheReader) {
  ReadSession session(Options(Position::Oldest(), true));
  FakePeer peer(&session);
  Fill(&peer);
  peer.Connect();
  peer.Settle();
  Take(&session);
  peer.Disconnect();
  LoseFrom(&peer, 5);
  peer.Connect();
  peer.Settle();
  ASSERT_NE(session.loss(), nullptr);
  EXPECT_THAT(session.loss()->held, ElementsAre(LsnRange{Lsn(5), Lsn(6)}));
  session.AcceptLoss(peer.now_ns);
  EXPECT_EQ(session.next_lsn(), Lsn(5));
  peer.Connect();
  peer.Settle();
  EXPECT_THAT(Take(&session), ElementsAre("5", "6")) << "what has these LSNs now";
}

TEST(ReadSession, AServerThatHasNotHeardOfTheNewestGenerationIsLeft) {
  ReadSession session(Options(Position::Oldest(), true));
  FakePeer peer(&session);
  peer.generation = 2;
  Fill(&peer);
  peer.Connect();
  peer.Settle();
  Take(&session, 3);
  peer.Disconnect();
  peer.generation = 1;
  peer.Connect();
  peer.Settle();
  EXPECT_FALSE(peer.connected());
  EXPECT_THAT(std::string(session.last_trouble().message()),
              testing::HasSubstr("generation 2 has begun"));
  peer.generation = 2;
  peer.Connect();
  peer.Settle();
  EXPECT_THAT(Take(&session), ElementsAre("4", "5", "6"));
}

TEST(ReadSession, ALossAboveAllThatWasSeenDoesNotStopTheReader) {
  ReadSession session(Options(Position::Oldest(), true));
  FakePeer peer(&session);
  Fill(&peer);
  peer.Connect();
  peer.Settle();
  Take(&session, 3);
  peer.Disconnect();
  LoseFrom(&peer, 4);
  peer.Connect();
  peer.Settle();
  EXPECT_EQ(session.loss(), nullptr);
  EXPECT_THAT(Take(&session), ElementsAre("4", "5", "6"));
  peer.Disconnect();
  peer.Connect();
  peer.Settle();
  EXPECT_EQ(session.loss(), nullptr) << "the new generation was read in: it is known now";
}

TEST(ReadSessionFaults, RandomCutsDeliverEveryTransactionOnceInOrder) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random(seed);
    ReadSession session(Options(Position::Oldest()));
    FakePeer peer(&session);
    std::vector<std::string> wanted, got;
    for (int i = 0; i < 20; ++i) {
      std::vector<std::string> batch;
      for (uint64_t n = random() % 5; n > 0; --n) {
        batch.push_back("t" + std::to_string(wanted.size()));
        wanted.push_back(batch.back());
      }
      if (batch.empty()) {
        peer.AddControl();
      } else {
        peer.AddTransactions(batch);
      }
    }
    for (int step = 0; step < 100000 && !session.finished(); ++step) {
      ASSERT_FALSE(session.stopped()) << session.status() << " seed " << seed;
      if (!peer.connected()) peer.Connect();
      peer.Deliver(random() % 60);
      peer.Answer(random() % 900, 1 + random() % 300);
      for (const std::string& payload : Take(&session, random() % 6)) got.push_back(payload);
      if (random() % 12 == 0) peer.Disconnect();
      peer.AdvanceTime(kMsNs);
    }
    ASSERT_EQ(got, wanted) << "seed " << seed;
  }
}

}  // namespace
}  // namespace ringjournal::client
