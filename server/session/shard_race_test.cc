// Changes of the config document that meet those of another node: what the client is told.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "journal/ring/test_memory.h"
#include "server/config_store/document_edits.h"
#include "server/session/test_shard.h"

namespace ringjournal {
namespace {

using testing::HasSubstr;

// Node n1 of n1 and n2. The test is the config store, and says when and what it answers.
class ShardRaceTest : public testing::Test {
 protected:
  ShardRaceTest() : document_(NewDocument("0123456789abcdef")) {
    for (const char* node : {"n1", "n2"}) {
      RJ_CHECK(RegisterNode(&document_, {node, std::string(node) + ".example:1", "nonce"}).ok());
    }
    ShardOptions options;
    options.node = "n1";
    options.incarnation = Incarnation(1);
    options.document = document_;
    options.cluster = true;
    shard_ = std::make_unique<Shard>(std::move(options));
    Step(EndOfBatch{});
    for (const ConfigRequest& read : TakeConfig()) AnswerRead(read);
    Step(Accepted{kClient});
    Send(std::string(kPreface) + HelloFrame());
  }

  void Step(const ShardEvent& event) {
    effects_.Clear();
    shard_->Step(event, now_, &effects_);
    for (const auto& s : effects_.sends) {
      if (s.connection == kClient) sent_.append(AsView(s.head)).append(AsView(s.body));
    }
    for (ConfigRequest& request : effects_.config) config_.push_back(std::move(request));
    for (const auto& ring : effects_.rings) rings_.push_back(ring);
    discards_ += effects_.discards.size();
  }
  void Send(const std::string& bytes) { Step(Received{kClient, AsBytes(bytes)}); }
  void Send(const v1::ClientMessage& message) { Send(FrameOf(message)); }

  // Opens "new", to be created if there is none; its memory is made. Returns the change that is
  // proposed.
  ConfigRequest OpenNew() {
    v1::ClientMessage m;
    m.mutable_open()->set_request_id(7);
    m.mutable_open()->set_journal("new");
    m.mutable_open()->set_create(true);
    return ProposeWithMemory(m);
  }
  // Makes "new", and waits for the answer.
  void CreateNew() {
    v1::ClientMessage m;
    m.mutable_journal_create()->set_request_id(6);
    m.mutable_journal_create()->set_name("new");
    v1::JournalSettings* settings = m.mutable_journal_create()->mutable_settings();
    settings->set_ring_bytes(limits::kRingBytesMin);
    settings->set_memory_only(true);
    const ConfigRequest create = ProposeWithMemory(m);
    Apply(create);
    Answer(create, ConfigOutcome::kOk);
    EXPECT_EQ(Said().journal_reply().request_id(), 6u);
  }
  ConfigRequest ProposeWithMemory(const v1::ClientMessage& m) {
    Send(m);
    Step(EndOfBatch{});
    RJ_CHECK(rings_.size() == 1);
    memory_ = std::make_unique<TestRingMemory>(rings_[0].data_bytes, limits::kProducersMaxDefault);
    RJ_CHECK(memory_->memory().head_bytes == rings_[0].head_bytes);
    Step(RingAnswer{rings_[0].journal, memory_->memory(), ""});
    return TakeCas();
  }
  std::vector<ConfigRequest> TakeConfig() { return std::exchange(config_, {}); }
  ConfigRequest TakeCas() {
    for (ConfigRequest& request : TakeConfig()) {
      if (request.kind == ConfigRequest::Kind::kCas) return std::move(request);
    }
    RJ_CHECK(false);
  }
  void Answer(const ConfigRequest& request, ConfigOutcome outcome) {
    ConfigCompletion done;
    done.token = request.token;
    done.kind = request.kind;
    done.outcome = outcome;
    done.document = document_;
    Step(ConfigAnswer{done});
    Step(EndOfBatch{});
  }
  void AnswerRead(const ConfigRequest& read) { Answer(read, ConfigOutcome::kOk); }
  // The store has taken it.
  void Apply(const ConfigRequest& cas) {
    document_ = cas.document;
    document_.set_version(cas.expected_version + 1);
  }
  // Node n2 makes a journal "new" of its own, and leads it if it comes so far.
  void MadeElsewhere(bool led) {
    JournalSpec spec;
    JournalId::FromView("0123456789abcdef", &spec.id);
    spec.name = "new";
    spec.members = {"n2"};
    RJ_CHECK(CreateJournal(&document_, spec).ok());
    if (led) {
      RJ_CHECK(LeadNew(&document_, Claim{spec.id, "n2", Incarnation(1), "change"}).ok());
    }
    document_.set_version(document_.version() + 1);
  }
  // What the client was answered, but for the greeting; empty while there is nothing.
  v1::ServerMessage Said() {
    FrameDecoder decoder(limits::kFrameBytesMax);
    std::string bytes = std::exchange(sent_, "");
    ByteSpan rest = AsBytes(bytes), frame;
    v1::ServerMessage last;
    while (decoder.Next(&rest, &frame) == FrameDecoder::Result::kFrame) {
      v1::ServerMessage message;
      message.ParseFromArray(frame.data(), static_cast<int>(frame.size()));
      if (!message.has_hello_reply() && !message.has_heartbeat()) last = message;
    }
    return last;
  }

  static constexpr ConnectionNumber kClient = 1;
  v1::ConfigDocument document_;
  std::unique_ptr<TestRingMemory> memory_;
  std::unique_ptr<Shard> shard_;
  ShardEffects effects_;
  Time now_{1'000'000'000, 1'700'000'000'000'000'000};
  std::string sent_;
  std::vector<ConfigRequest> config_;
  std::vector<ShardEffects::RingWanted> rings_;
  size_t discards_ = 0;
};

TEST_F(ShardRaceTest, WhoOpensAJournalThatAnotherNodeHasJustMadeIsSentThere) {
  const ConfigRequest cas = OpenNew();
  MadeElsewhere(true);
  Answer(cas, ConfigOutcome::kConflict);
  const v1::ErrorReply error = Said().error();
  EXPECT_EQ(error.code(), v1::ERROR_CODE_NOT_LEADER) << error.message();
  EXPECT_EQ(error.request_id(), 7u);
  EXPECT_EQ(error.not_leader().leader_address(), "n2.example:1");
  EXPECT_EQ(discards_, 1u) << "the memory that was made for it is given back";
  EXPECT_TRUE(TakeConfig().empty()) << "nothing more is proposed";
}

TEST_F(ShardRaceTest, WhoOpensAJournalThatNobodyLeadsYetIsToldWhenToAskAgain) {
  const ConfigRequest cas = OpenNew();
  MadeElsewhere(false);
  Answer(cas, ConfigOutcome::kConflict);
  const v1::ErrorReply error = Said().error();
  EXPECT_EQ(error.code(), v1::ERROR_CODE_NOT_YET) << error.message();
  EXPECT_EQ(error.not_yet().retry_after_ms(), limits::kChangeRetryMs);
  EXPECT_EQ(error.request_id(), 7u);
  EXPECT_EQ(discards_, 1u);
}

TEST_F(ShardRaceTest, ARemovalIsAnsweredThoughANewerDocumentCameBeforeItsAnswer) {
  CreateNew();
  v1::ClientMessage m;
  m.mutable_journal_remove()->set_request_id(8);
  m.mutable_journal_remove()->set_name("new");
  Send(m);
  Step(EndOfBatch{});
  const ConfigRequest remove = TakeCas();
  Apply(remove);
  Step(ConfigHint{});
  Step(EndOfBatch{});
  for (const ConfigRequest& read : TakeConfig()) AnswerRead(read);
  ASSERT_EQ(shard_->journals()[0], nullptr) << "the document names it no longer";
  Said();
  Answer(remove, ConfigOutcome::kOk);
  const v1::ServerMessage said = Said();
  EXPECT_EQ(said.journal_reply().request_id(), 8u);
  EXPECT_EQ(said.journal_reply().config().name(), "new");
}

// It was made, and what it was about is gone: neither done nor refused.
TEST_F(ShardRaceTest, AChangeWhoseJournalIsGoneBeforeItsAnswerIsToldSo) {
  CreateNew();
  v1::ClientMessage m;
  m.mutable_journal_set()->set_request_id(9);
  m.mutable_journal_set()->set_name("new");
  m.mutable_journal_set()->mutable_settings()->set_checkpoint_interval_ms(77);
  m.mutable_journal_set()->add_fields("checkpoint_interval_ms");
  Send(m);
  Step(EndOfBatch{});
  const ConfigRequest set = TakeCas();
  Apply(set);
  document_.clear_journals();
  document_.set_version(document_.version() + 1);
  Step(ConfigHint{});
  Step(EndOfBatch{});
  for (const ConfigRequest& read : TakeConfig()) AnswerRead(read);
  Said();
  Answer(set, ConfigOutcome::kOk);
  const v1::ErrorReply error = Said().error();
  EXPECT_EQ(error.request_id(), 9u);
  EXPECT_EQ(error.code(), v1::ERROR_CODE_UNAVAILABLE);
  EXPECT_THAT(error.message(), HasSubstr("was removed, or moved to other nodes"));
}

}  // namespace
}  // namespace ringjournal
