// The small parts of the core: send queue, acknowledged ranges, window, runs, errors.
#include <string>

#include "client/core/acked_ranges.h"
#include "client/core/append_window.h"
#include "client/core/fake_peer.h"
#include "client/core/request_session.h"
#include "client/core/send_queue.h"
#include "client/errors.h"
#include "client/transaction_run.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "journal/base/checksum.h"
#include "proto/client.pb.h"

namespace ringjournal::client {
namespace {

using ::testing::ElementsAre;

std::string Rest(const SendQueue& queue) {
  ByteSpan spans[16];
  std::string all;
  size_t n = queue.Gather(spans);
  for (size_t i = 0; i < n; ++i) all += AsView(spans[i]);
  return all;
}

TEST(SendQueue, TakesBytesAcrossPieces) {
  SendQueue queue;
  std::string borrowed = "world";
  EXPECT_EQ(queue.PushOwned("hello "), 0u);
  EXPECT_EQ(queue.PushBorrowed(AsBytes(borrowed)), 1u);
  queue.Advance(8);
  EXPECT_EQ(queue.completed(), 1u);
  EXPECT_EQ(Rest(queue), "rld");
  queue.Advance(3);
  EXPECT_TRUE(queue.empty());
}

TEST(SendQueue, DroppingFinishesTheFrameThatIsHalfOut) {
  SendQueue queue;
  std::string first = "first", second = "second";
  queue.PushBorrowed(AsBytes(first));
  queue.PushBorrowed(AsBytes(second));
  queue.Advance(2);
  queue.DropUnbegun();
  first = "-----";  // its owner may reuse the bytes
  EXPECT_EQ(Rest(queue), "rst");
}

TEST(AckedRanges, JoinsNeighboursAndCutsAtTheStart) {
  AckedRanges ranges;
  ranges.Add({Lsn(1), Lsn(3)});
  ranges.Add({Lsn(4), Lsn(5)});
  ranges.Add({Lsn(8), Lsn(9)});
  ranges.Add({Lsn(4), Lsn(5)});  // a duplicate's answer
  bool complete;
  EXPECT_THAT(ranges.AtOrAbove(Lsn(3), &complete),
              ElementsAre(LsnRange{Lsn(3), Lsn(5)}, LsnRange{Lsn(8), Lsn(9)}));
  EXPECT_TRUE(complete);
  ranges.ForgetFrom(Lsn(5));
  EXPECT_THAT(ranges.AtOrAbove(Lsn(1), &complete), ElementsAre(LsnRange{Lsn(1), Lsn(4)}));
}

TEST(AckedRanges, MergesTheOldestAtTheLimitAndSaysSo) {
  AckedRanges ranges(2);
  for (uint64_t lsn : {1, 3, 5}) ranges.Add({Lsn(lsn), Lsn(lsn)});
  bool complete;
  EXPECT_THAT(ranges.AtOrAbove(Lsn(1), &complete),
              ElementsAre(LsnRange{Lsn(1), Lsn(3)}, LsnRange{Lsn(5), Lsn(5)}));
  EXPECT_FALSE(complete);
  ranges.AtOrAbove(Lsn(4), &complete);
  EXPECT_TRUE(complete);
}

TEST(TransactionRun, ItsBytesAreThoseOfTheGeneratedCode) {
  for (size_t size : {0, 1, 100, 127, 128, 20000}) {
    v1::Append wanted;
    wanted.add_transactions()->set_payload(std::string(size, 'x'));
    wanted.add_transactions()->set_type("second");
    TransactionRun run;
    run.Add(std::string(size, 'x'));
    EXPECT_EQ(run.size_bytes(), TransactionRun::EncodedSize(size));
    run.AddEncoded(wanted.transactions(1).SerializeAsString());
    EXPECT_EQ(AsView(run.bytes()), wanted.SerializeAsString());
    EXPECT_EQ(run.count(), 2u);
  }
}

TEST(AppendWindow, ItsFramesParseAsTheMessageThatWasMeant) {
  TransactionRun run;
  run.Add("payload");
  AppendWindow window(4, 1 << 20);
  AppendSlot& slot =
      window.Push({.run = run.bytes(), .count = 1, .level = Level::kDisk, .expected_lsn = Lsn(99)},
                  Sequence(5));
  AppendWindow::SetRequestId(&slot, 0x1122334455667788);
  AppendWindow::SetSequence(&slot, Sequence(6));
  v1::ClientMessage message;
  ASSERT_EQ(Load32(slot.frame.data()), slot.frame.size() - 4);
  ASSERT_TRUE(message.ParseFromString(slot.frame.substr(4)));
  EXPECT_EQ(message.append().request_id(), 0x1122334455667788u);
  EXPECT_EQ(message.append().first_sequence(), 6u);
  EXPECT_EQ(message.append().level(), v1::LEVEL_DISK);
  EXPECT_EQ(message.append().expected_lsn(), 99u);
  EXPECT_EQ(message.append().body_crc32c(), Crc32c(run.bytes()));
  EXPECT_EQ(message.append().transactions(0).payload(), "payload");
}

TEST(Errors, TheCodeSurvivesInTheStatus) {
  absl::Status status = MakeError(ErrorCode::kTrimmed, "gone");
  EXPECT_EQ(CodeOf(status), ErrorCode::kTrimmed);
  EXPECT_EQ(status.message(), "gone");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kTrimmed), "TRIMMED");
  EXPECT_EQ(CodeOf(absl::InternalError("other")), ErrorCode::kUnknown);
}

TEST(Errors, TheNumbersAreThoseOfTheProtocol) {
  const auto* codes = v1::ErrorCode_descriptor();
  for (int i = 1; i < codes->value_count(); ++i) {
    ErrorCode code = static_cast<ErrorCode>(codes->value(i)->number());
    EXPECT_EQ("ERROR_CODE_" + ErrorCodeName(code), codes->value(i)->name());
  }
}

TEST(RequestSession, AQuestionIsAskedAgainAfterADisconnect) {
  v1::ClientMessage request;
  request.mutable_status();
  RequestSession session({}, request, false);
  FakePeer peer(&session);
  peer.Connect();
  peer.Deliver();  // asked, not answered
  peer.Answer();
  peer.Deliver();
  peer.Disconnect();
  EXPECT_FALSE(session.answered());
  peer.Connect();
  peer.Settle();
  ASSERT_TRUE(session.answered());
  EXPECT_EQ(session.reply().status_reply().verdict(), "all is well");
}

// One of several nodes leads: who does not has done nothing.
TEST(RequestSession, AChangeThatWasRefusedForNowIsAskedAgainElsewhere) {
  v1::ClientMessage request;
  request.mutable_journal_move_leader()->set_name("orders");
  RequestSession session({.nodes = 3}, request, true);
  FakePeer peer(&session);
  int asked = 0;
  peer.on_message = [&](const v1::ClientMessage& m) {
    if (!m.has_journal_move_leader()) return false;
    const uint64_t id = m.journal_move_leader().request_id();
    if (++asked == 1) {
      peer.SendError(id, v1::ERROR_CODE_NOT_LEADER, "led by another: connect there");
    } else {
      v1::ServerMessage reply;
      reply.mutable_journal_reply()->set_request_id(id);
      peer.Send(reply);
    }
    return true;
  };
  peer.Connect();
  peer.Settle();
  ASSERT_FALSE(session.stopped()) << session.status();
  peer.Disconnect();
  ASSERT_FALSE(session.stopped()) << session.status();
  peer.Connect();
  peer.Settle();
  EXPECT_TRUE(session.answered());
  EXPECT_EQ(asked, 2);
}

TEST(RequestSession, WhatIsRefusedNotYetIsAskedAgainOnTheSameConnectionWhenTheServerSays) {
  v1::ClientMessage request;
  request.mutable_journal_create()->set_name("orders");
  RequestSession session({}, request, true);
  FakePeer peer(&session);
  int asked = 0;
  peer.on_message = [&](const v1::ClientMessage& m) {
    if (!m.has_journal_create()) return false;
    v1::ServerMessage reply;
    if (++asked == 1) {
      v1::ErrorReply* error = reply.mutable_error();
      error->set_request_id(m.journal_create().request_id());
      error->set_code(v1::ERROR_CODE_NOT_YET);
      error->mutable_not_yet()->set_retry_after_ms(30);
    } else {
      reply.mutable_journal_reply()->set_request_id(m.journal_create().request_id());
    }
    peer.Send(reply);
    return true;
  };
  peer.Connect();
  peer.Settle();
  EXPECT_EQ(asked, 1);
  EXPECT_FALSE(session.wants_close());
  peer.AdvanceTime(29 * kMsNs);
  peer.Settle();
  EXPECT_EQ(asked, 1);
  peer.AdvanceTime(kMsNs);
  peer.Settle();
  EXPECT_EQ(asked, 2);
  EXPECT_TRUE(session.answered());
  EXPECT_EQ(session.disconnects(), 0u);
}

TEST(RequestSession, WhoTriesOnceAsksAgainForAMomentWhereTheServerSaysNotYet) {
  v1::ClientMessage request;
  request.mutable_journal_info()->set_name("orders");
  RequestSession session({.retry_for_ns = 0}, request, false);
  FakePeer peer(&session);
  int asked = 0;
  peer.on_message = [&](const v1::ClientMessage& m) {
    if (!m.has_journal_info()) return false;
    ++asked;
    peer.SendError(m.journal_info().request_id(), v1::ERROR_CODE_NOT_YET, "not yet");
    return true;
  };
  peer.Connect();
  for (int i = 0; i < 20 && !session.stopped(); ++i) {
    peer.Settle();
    peer.AdvanceTime(kSecondNs / 10);
  }
  EXPECT_GE(asked, 5);
  ASSERT_TRUE(session.stopped());
  EXPECT_EQ(CodeOf(session.status()), ErrorCode::kNotYet);
}

TEST(RequestSession, WhoIsRefusedForNowAgainAndAgainLosesPatience) {
  v1::ClientMessage request;
  request.mutable_journal_move_leader()->set_name("orders");
  RequestSession session({.retry_for_ns = kSecondNs}, request, true);
  FakePeer peer(&session);
  peer.on_message = [&](const v1::ClientMessage& m) {
    if (!m.has_journal_move_leader()) return false;
    peer.SendError(m.journal_move_leader().request_id(), v1::ERROR_CODE_UNAVAILABLE, "not now");
    return true;
  };
  for (int i = 0; i < 100 && !session.stopped(); ++i) {
    peer.Connect();
    peer.Settle();
    if (!session.stopped()) peer.Disconnect();
    peer.AdvanceTime(kSecondNs / 10);
  }
  ASSERT_TRUE(session.stopped());
  EXPECT_NE(std::string(session.status().message()).find("not now"), std::string::npos)
      << session.status();
}

TEST(RequestSession, AChangeWithoutAnAnswerIsUnknownAndNotRepeated) {
  v1::ClientMessage request;
  request.mutable_journal_remove()->set_name("orders");
  RequestSession session({}, request, true);
  FakePeer peer(&session);
  peer.Connect();
  peer.Settle();
  peer.Disconnect();
  EXPECT_EQ(CodeOf(session.status()), ErrorCode::kOutcomeUnknown);
}

}  // namespace
}  // namespace ringjournal::client
