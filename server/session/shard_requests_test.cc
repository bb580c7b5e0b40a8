// Requests about journals, outcomes and the node, and the orderly end.
#include "gtest/gtest.h"
#include "server/session/test_server.h"

namespace ringjournal {
namespace {

constexpr ConnectionNumber kOne = 1, kTwo = 2;

class Requests : public testing::Test {
 protected:
  void SetUp() override {
    t.Open(kOne, "p");
    for (uint64_t i = 1; i <= 5; ++i) t.Append(kOne, i, 10, v1::LEVEL_REPLICATED);
    t.SettleFor(100);
    t.Take(kOne);
  }
  v1::ServerMessage Ask(const v1::ClientMessage& request, ConnectionNumber c = kOne) {
    t.Send(c, request);
    t.SettleFor(100);
    return t.TakeLast(c);
  }
  TestServer t;
  v1::ClientMessage request;
};

TEST_F(Requests, ResolveTellsTheLsnOfAnAppliedSequence) {
  request.mutable_resolve()->set_producer("p");
  request.mutable_resolve()->set_sequence(3);
  v1::ServerMessage reply = Ask(request);
  EXPECT_EQ(reply.resolve_reply().outcome(), v1::ResolveReply::OUTCOME_AT_LSN);
  EXPECT_EQ(reply.resolve_reply().lsn(), 3u);
}

TEST_F(Requests, ResolveThatSettlesFencesTheOpenSession) {
  t.Connect(kTwo);
  t.Send(kTwo, OpenFrame(""));
  request.mutable_resolve()->set_producer("p");
  request.mutable_resolve()->set_sequence(6);
  EXPECT_EQ(Ask(request, kTwo).resolve_reply().outcome(), v1::ResolveReply::OUTCOME_NOT_YET);
  request.mutable_resolve()->set_settle(true);
  EXPECT_EQ(Ask(request, kTwo).resolve_reply().outcome(), v1::ResolveReply::OUTCOME_NEVER);
  t.Append(kOne, 6, 10, v1::LEVEL_REPLICATED);
  t.Settle();
  EXPECT_EQ(t.TakeLast(kOne).error().code(), v1::ERROR_CODE_FENCED);
}

// So that a session knows what it did itself; who settles an outcome is somebody else.
TEST_F(Requests, AFenceNamesTheClientSessionThatOpenedTheProducer) {
  v1::ClientMessage open;
  open.mutable_open()->set_journal("ledger");
  open.mutable_open()->set_producer("p");
  open.mutable_open()->set_client_instance(77);
  t.Connect(kTwo);
  ASSERT_TRUE(Ask(open, kTwo).has_open_reply());
  t.Append(kOne, 6, 10, v1::LEVEL_REPLICATED);
  t.Settle();
  EXPECT_EQ(t.TakeLast(kOne).error().fenced().client_instance(), 77u);
  request.mutable_resolve()->set_producer("p");
  request.mutable_resolve()->set_sequence(6);
  request.mutable_resolve()->set_settle(true);
  ASSERT_EQ(Ask(request, kTwo).resolve_reply().outcome(), v1::ResolveReply::OUTCOME_NEVER);
  t.Append(kTwo, 6, 10, v1::LEVEL_REPLICATED);
  t.Settle();
  const v1::ErrorReply fenced = t.TakeLast(kTwo).error();
  EXPECT_EQ(fenced.code(), v1::ERROR_CODE_FENCED);
  EXPECT_EQ(fenced.fenced().client_instance(), 0u);
}

TEST_F(Requests, TrimRaisesTheOldestAndBeyondTheEndIsRefused) {
  request.mutable_journal_trim()->set_name("ledger");
  request.mutable_journal_trim()->set_before_lsn(4);
  EXPECT_EQ(Ask(request).journal_reply().watermarks().oldest().lsn(), 4u);
  request.mutable_journal_trim()->set_before_lsn(100);
  EXPECT_EQ(Ask(request).error().code(), v1::ERROR_CODE_BAD_SETTING);
}

TEST_F(Requests, ACheckpointIsAnsweredOnceEverythingIsDurable) {
  t.Append(kOne, 6, 10, v1::LEVEL_REPLICATED);
  t.hold_disk = true;
  request.mutable_checkpoint()->set_name("ledger");
  t.Send(kOne, request);
  t.EndBatch();
  EXPECT_FALSE(t.TakeLast(kOne).has_checkpoint_reply());
  t.hold_disk = false;
  t.Settle();
  EXPECT_EQ(t.TakeLast(kOne).checkpoint_reply().watermarks().durable().lsn(), 6u);
}

TEST_F(Requests, ASettingIsChangedThroughAConflictAndAFixedOneIsRefused) {
  t.conflicts = 1;
  v1::JournalSet* set = request.mutable_journal_set();
  set->set_name("ledger");
  set->mutable_settings()->set_checkpoint_interval_ms(77);
  set->add_fields("checkpoint_interval_ms");
  EXPECT_EQ(Ask(request).journal_reply().config().settings().checkpoint_interval_ms(), 77u);
  set->add_fields("ring_bytes");
  EXPECT_EQ(Ask(request).error().code(), v1::ERROR_CODE_BAD_SETTING);
}

TEST_F(Requests, CreatingTwiceAndWithWrongSettingsAreTypedErrors) {
  request.mutable_journal_create()->set_name("ledger");
  *request.mutable_journal_create()->mutable_settings() = t.settings;
  EXPECT_EQ(Ask(request).error().code(), v1::ERROR_CODE_JOURNAL_EXISTS);
  request.mutable_journal_create()->set_name("other");
  request.mutable_journal_create()->mutable_settings()->set_ring_bytes(100'000);
  EXPECT_EQ(Ask(request).error().code(), v1::ERROR_CODE_BAD_SETTING);
  request.mutable_journal_create()->mutable_settings()->set_ring_bytes(limits::kRingBytesMax);
  EXPECT_EQ(Ask(request).error().code(), v1::ERROR_CODE_LIMIT);
  t.ring_error = "the shared memory is full";
  *request.mutable_journal_create()->mutable_settings() = t.settings;
  v1::ServerMessage reply = Ask(request);
  EXPECT_EQ(reply.error().message(), t.ring_error);
  EXPECT_EQ(t.discards(), 1u);
}

TEST_F(Requests, ARemovedJournalEndsItsSessionsAndItsNameIsFree) {
  t.Connect(kTwo);
  request.mutable_journal_remove()->set_name("ledger");
  EXPECT_TRUE(Ask(request, kTwo).has_journal_reply());
  EXPECT_EQ(t.TakeLast(kOne).error().code(), v1::ERROR_CODE_JOURNAL_NOT_FOUND);
  EXPECT_TRUE(t.is_closed(kOne));
  t.SettleFor(100);
  EXPECT_EQ(t.discards(), 1u);
  EXPECT_EQ(Ask(request, kTwo).error().code(), v1::ERROR_CODE_JOURNAL_NOT_FOUND);
  v1::ClientMessage create;
  create.mutable_journal_create()->set_name("ledger");
  *create.mutable_journal_create()->mutable_settings() = t.settings;
  EXPECT_TRUE(Ask(create, kTwo).has_journal_reply());
}

TEST_F(Requests, AReadOfWhatIsDurableIsToldHowFarThatGoesNotWhatIsCommitted) {
  t.hold_disk = true;
  t.Append(kOne, 6, 10, v1::LEVEL_REPLICATED);
  t.SettleFor(20);
  t.Take(kOne);
  request.mutable_read()->mutable_from()->set_oldest(true);
  request.mutable_read()->set_credit_bytes(limits::kReadCreditBytesMax);
  for (const auto& [visibility, lsn] :
       {std::pair(v1::VISIBILITY_DURABLE, 5u), std::pair(v1::VISIBILITY_COMMITTED, 6u)}) {
    request.mutable_read()->set_visibility(visibility);
    t.Send(kOne, request);
    t.Settle();
    const std::vector<v1::ServerMessage> messages = t.Take(kOne);
    ASSERT_FALSE(messages.empty());
    EXPECT_EQ(messages.front().read_data().visible_lsn(), lsn);
  }
}

class ManyProducers : public Requests {
 protected:
  void SetUp() override {
    t.settings.set_ring_bytes(1 << 20);
    t.settings.set_producers_max(2000);
    t.ring_producers = 2000;
    Requests::SetUp();
  }
};

TEST_F(ManyProducers, AreNamedByPrefixAllOfThemOrNone) {
  constexpr ConnectionNumber kFirst = 100;
  const auto open = [this](ConnectionNumber c, const std::string& producer) {
    t.Connect(c);
    t.Send(c, OpenFrame(producer));
    t.Settle();
    t.Step(ReceiveEnded{c, 1});
  };
  for (ConnectionNumber i = 0; i < limits::kProducersNamedMax; ++i) {
    open(kFirst + i, "copy-" + std::to_string(i));
  }
  v1::JournalInfo* info = request.mutable_journal_info();
  info->set_name("ledger");
  info->set_producer_prefix("p");
  v1::ServerMessage reply = Ask(request);
  ASSERT_EQ(reply.journal_reply().producers_size(), 1);
  EXPECT_EQ(reply.journal_reply().producers(0).last_sequence(), 5u);
  info->set_producer_prefix("copy-");
  EXPECT_EQ(Ask(request).journal_reply().producers_size(), limits::kProducersNamedMax);
  info->set_producer_prefix("");
  EXPECT_EQ(Ask(request).error().code(), v1::ERROR_CODE_LIMIT);
  open(kFirst + limits::kProducersNamedMax, "copy-more");
  info->set_producer_prefix("copy-");
  reply = Ask(request);
  EXPECT_EQ(reply.error().code(), v1::ERROR_CODE_LIMIT);
  EXPECT_NE(reply.error().message().find("'copy-'"), std::string::npos);
}

TEST_F(Requests, TheDescriptorIsThatOfTheProtocol) {
  request.mutable_describe()->set_request_id(9);
  v1::ServerMessage reply = Ask(request);
  EXPECT_EQ(reply.describe_reply().request_id(), 9u);
  EXPECT_GT(reply.describe_reply().file_descriptor_set().size(), 1000u);
}

TEST_F(Requests, AReceiptIsCheckedAgainstTheChain) {
  const Ring& ring = t.replica().ring();
  RecordView view = ring.Record(*ring.Find(Lsn(5)));
  auto open_with = [&](ConnectionNumber c, uint64_t chain) {
    v1::ClientMessage open;
    open.mutable_open()->set_journal("ledger");
    v1::Receipt* receipt = open.mutable_open()->mutable_last_receipt();
    receipt->set_journal_id(t.shard().journals()[0]->config.id());
    receipt->set_generation(1);
    receipt->set_index(view.header.index.value());
    receipt->set_last_lsn(5);
    receipt->set_chain(chain);
    t.Connect(c);
    return Ask(open, c).open_reply().continuity();
  };
  EXPECT_EQ(open_with(10, view.header.chain), v1::CONTINUITY_CONTINUOUS);
  EXPECT_EQ(open_with(11, view.header.chain + 1), v1::CONTINUITY_DIVERGED);
}

TEST_F(Requests, ADrainAnswersWhatWasAcceptedClosesAndLeavesEverythingOnDisk) {
  t.hold_disk = true;
  t.Append(kOne, 6, 10, v1::LEVEL_DISK);
  t.EndBatch();
  t.Step(DrainRequested{});
  t.EndBatch();
  EXPECT_FALSE(t.shard().drained());
  EXPECT_FALSE(t.is_closed(kOne)) << "it is owed an acknowledgement";
  t.hold_disk = false;
  t.SettleFor(100);
  std::vector<v1::ServerMessage> messages = t.Take(kOne);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].error().code(), v1::ERROR_CODE_SHUTTING_DOWN);
  EXPECT_EQ(messages[1].append_reply().results(0).first_lsn(), 6u);
  EXPECT_TRUE(t.is_closed(kOne));
  EXPECT_TRUE(t.shard().drained());
  EXPECT_EQ(t.replica().marks().durable.index, t.replica().marks().end.index);
  EXPECT_TRUE(t.replica().checkpointer().closed());
  const LogPosition& end = t.replica().derived().position();
  EXPECT_TRUE(StoppedAt(t.config(), "node1", {end.last().index, end.last().lsn, end.chain}));
  t.Step(Accepted{kTwo});
  t.EndBatch();
  EXPECT_TRUE(t.is_closed(kTwo));
}

TEST_F(Requests, AStopIsMarkedOnlyOnceTheClosingGroupIsOnDiskAndThroughAConflict) {
  t.Step(ReceiveEnded{kOne, 1});
  t.Step(DrainRequested{});
  t.hold_disk = true;
  t.EndBatch();
  EXPECT_FALSE(t.AnswerOne()) << "no change of the config before the disk answers";
  EXPECT_FALSE(t.config().has_orderly_stop());
  t.hold_disk = false;
  t.conflicts = 2;
  t.SettleFor(100);
  EXPECT_TRUE(t.shard().drained());
  EXPECT_TRUE(t.config().has_orderly_stop());
  EXPECT_EQ(t.config().commit_hint().lsn(), 5u);
}

TEST_F(Requests, AHalfClosedSessionIsStillAnswered) {
  t.hold_disk = true;
  t.Append(kOne, 6, 10, v1::LEVEL_DISK);
  t.EndBatch();
  t.Step(ReceiveEnded{kOne, 0});
  t.EndBatch();
  EXPECT_FALSE(t.is_closed(kOne));
  t.hold_disk = false;
  t.Settle();
  EXPECT_EQ(t.TakeLast(kOne).append_reply().results_size(), 1);
  EXPECT_TRUE(t.is_closed(kOne));
}

TEST_F(Requests, AHalfClosedSessionIsAnsweredItsCreationAndWhatWaitsBehindIt) {
  t.Connect(kTwo);
  t.EndBatch();
  request.mutable_journal_create()->set_name("other");
  *request.mutable_journal_create()->mutable_settings() = t.settings;
  v1::ClientMessage list;
  list.mutable_journal_list()->set_request_id(7);
  t.Send(kTwo, FrameOf(request) + FrameOf(list));
  t.Take(kTwo);
  t.Step(ReceiveEnded{kTwo, 0});
  EXPECT_FALSE(t.is_closed(kTwo));
  t.Settle();
  std::vector<v1::ServerMessage> answers = t.Take(kTwo);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].journal_reply().config().name(), "other");
  EXPECT_EQ(answers[1].journal_list_reply().journals_size(), 2);
  EXPECT_TRUE(t.is_closed(kTwo));
}

TEST_F(Requests, AHalfClosedSessionIsAnsweredItsCheckpoint) {
  t.Append(kOne, 6, 10, v1::LEVEL_REPLICATED);
  t.EndBatch();
  t.hold_disk = true;
  t.Connect(kTwo);
  request.mutable_checkpoint()->set_name("ledger");
  t.Send(kTwo, request);
  t.EndBatch();
  t.Take(kTwo);
  t.Step(ReceiveEnded{kTwo, 0});
  t.EndBatch();
  EXPECT_FALSE(t.is_closed(kTwo));
  t.hold_disk = false;
  t.Settle();
  EXPECT_EQ(t.TakeLast(kTwo).checkpoint_reply().watermarks().durable().lsn(), 6u);
  EXPECT_TRUE(t.is_closed(kTwo));
}

}  // namespace
}  // namespace ringjournal
