// Client and Journal: connection strings, requests, what is repeated and what is not, cursors.
#include "client/journal.h"

#include "client/client.h"
#include "client/servers.h"
#include "client/writer_fixture.h"
#include "proto/entry.pb.h"

namespace ringjournal::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using JournalTest = WriterFixture;

TEST_F(JournalTest, InfoAndWatermarksSayWhatIsThere) {
  fake_.AddTransactions({"a", "b"});
  auto info = Orders().Info();
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->name, "orders");
  EXPECT_EQ(info->watermarks.end.lsn, Lsn(2));
  EXPECT_EQ(info->watermarks.oldest.lsn, Lsn(1));
  EXPECT_NE(info->id, JournalId());
  EXPECT_EQ(Orders().Trim(Lsn(2))->oldest.lsn, Lsn(2));
  EXPECT_EQ(Orders().Checkpoint()->durable.lsn, Lsn(2));
}

TEST_F(JournalTest, AJournalIsCreatedOnceAndFoundAfterwards) {
  fake_.RemoveJournal();
  EXPECT_EQ(CodeOf(Orders().Info().status()), ErrorCode::kJournalNotFound);
  EXPECT_TRUE(Orders().Create().ok());
  EXPECT_EQ(CodeOf(Orders().Create()), ErrorCode::kJournalExists);
  EXPECT_TRUE(Orders().CreateIfMissing().ok());
  auto client = Client::Open(fake_.client_options());
  ASSERT_TRUE((*client)->Ping().ok());
  auto journals = (*client)->ListJournals();
  ASSERT_TRUE(journals.ok());
  ASSERT_EQ(journals->size(), 1u);
  EXPECT_TRUE(Orders().Remove().ok());
  EXPECT_TRUE((*client)->ListJournals()->empty());
}

TEST_F(JournalTest, AReceiptIsContinuousUntilALossAndThenSaysFromWhere) {
  auto writer = OpenWriter();
  const JournalId id = Orders().Info()->id;
  std::vector<Cursor> receipts;
  for (const char* payload : {"a", "b", "c"}) {
    receipts.push_back(CursorOf(id, writer->Append(payload, kLong).receipt));
  }
  auto check = Orders().CheckReceipt(receipts[2]);
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_EQ(check->verdict, ReceiptCheck::Verdict::kContinuous);
  EXPECT_EQ(check->epoch.generation, 1u);
  writer.reset();
  fake_.LoseTransactionsFrom(Lsn(2));
  EXPECT_EQ(Orders().CheckReceipt(receipts[0])->verdict, ReceiptCheck::Verdict::kContinuous);
  check = Orders().CheckReceipt(receipts[2]);
  ASSERT_TRUE(check.ok()) << "a loss is no reason not to answer: " << check.status();
  EXPECT_EQ(check->verdict, ReceiptCheck::Verdict::kDiverged);
  EXPECT_EQ(check->diverged, Lsn(2));
  EXPECT_EQ(check->epoch.generation, 2u);
}

TEST_F(JournalTest, AReceiptOfNothingOrOfAnotherJournalIsRefused) {
  auto writer = OpenWriter();
  const AppendOutcome outcome = writer->Append("a", kLong);
  const Cursor receipt = CursorOf(Orders().Info()->id, outcome.receipt);
  writer.reset();
  AppendReceipt nowhere = outcome.receipt;
  nowhere.first_lsn = Lsn();
  EXPECT_EQ(CodeOf(Orders().CheckReceipt(CursorOf(receipt.journal, nowhere)).status()),
            ErrorCode::kBadCursor);
  fake_.ReplaceJournal();
  const absl::Status other = Orders().CheckReceipt(receipt).status();
  EXPECT_EQ(CodeOf(other), ErrorCode::kBadCursor);
  EXPECT_THAT(std::string(other.message()), HasSubstr(receipt.journal.ToHex()));
}

// A process that was cut off, and whose appends somebody else has declared never applied.
TEST_F(JournalTest, AWriterWhoseProducerWasTakenWhileItWasAwaySendsNothingAgain) {
  auto writer = OpenWriter();
  ASSERT_EQ(writer->Append("a", kLong).fate, Fate::kApplied);
  fake_.StopServing();
  std::future<AppendOutcome> lost = writer->AppendAsync("b");
  fake_.Fence("p");
  fake_.StartServing();
  EXPECT_NE(lost.get().fate, Fate::kApplied);
  EXPECT_EQ(CodeOf(writer->status()), ErrorCode::kFenced);
  EXPECT_THAT(fake_.Payloads(), ElementsAre("a"));
}

TEST_F(JournalTest, WhatOnlyAsksOrCanOnlySayTheSameIsRepeated) {
  fake_.AddTransactions({"a", "b"});
  auto writer = OpenWriter();
  for (const auto& call : std::vector<std::function<absl::Status()>>{
           [&] { return Orders().Info().status(); }, [&] { return Orders().Trim(Lsn(2)).status(); },
           [&] { return Orders().Checkpoint().status(); },
           [&] { return Orders().CreateIfMissing(); },
           [&] { return Orders().Resolve("p", Sequence(1)).status(); },
           [&] { return Orders().GetProducer("p").status(); },
           [&] { return (*Client::Open(fake_.client_options()))->Ping(); }}) {
    uint64_t before = fake_.counts().requests;
    fake_.LoseAnswerOfRequests();
    absl::Status status = call();
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(fake_.counts().requests, before + 2);
  }
}

TEST_F(JournalTest, WhatCouldDoItsWorkTwiceIsNotRepeatedAndIsUnknown) {
  auto writer = OpenWriter();
  for (const auto& call : std::vector<std::function<absl::Status()>>{
           [&] { return Orders().Settle("p", Sequence(1)).status(); },
           [&] { return Orders().Remove(); }, [&] { return Orders().Create(); }}) {
    uint64_t before = fake_.counts().requests;
    fake_.LoseAnswerOfRequests();
    absl::Status status = call();
    EXPECT_EQ(CodeOf(status), ErrorCode::kOutcomeUnknown) << status;
    EXPECT_EQ(fake_.counts().requests, before + 1);
  }
}

TEST_F(JournalTest, EveryRequestEndsAtItsDeadline) {
  auto writer = OpenWriter();
  fake_.LeaveRequestsUnanswered(true);
  EXPECT_EQ(CodeOf(Orders().Info(kShort).status()), ErrorCode::kDeadline);
  EXPECT_EQ(CodeOf(Orders().Trim(Lsn(1), kShort).status()), ErrorCode::kDeadline);
  EXPECT_EQ(CodeOf(Orders().Remove(kShort)), ErrorCode::kOutcomeUnknown) << "it was sent";
  fake_.StopServing();
  EXPECT_EQ(CodeOf(Orders().Remove(kShort)), ErrorCode::kDeadline) << "it was never sent";
}

TEST_F(JournalTest, ResolveTellsAppliedFromNotYetAndSettleMakesItFinal) {
  auto writer = OpenWriter();
  ASSERT_EQ(writer->Append("x", kLong).fate, Fate::kApplied);
  EXPECT_EQ(Orders().Resolve("p", Sequence(1))->fate(), Fate::kApplied);
  EXPECT_EQ(Orders().Resolve("p", Sequence(2))->outcome, Resolution::Outcome::kNotYet);
  EXPECT_EQ(Orders().Resolve("p", Sequence(2))->fate(), Fate::kUnknown);
  EXPECT_EQ(CodeOf(Orders().Resolve("q", Sequence(1)).status()), ErrorCode::kUnknownProducer);
  EXPECT_EQ(Orders().Settle("p", Sequence(2))->fate(), Fate::kNotApplied);
  EXPECT_EQ(CodeOf(writer->Append("y", kLong).error), ErrorCode::kFenced);
}

TEST_F(JournalTest, ASavedCursorGoesOnWithoutGapOrRepeatAlsoInsideABatch) {
  fake_.AddTransactions({"a", "b", "c"});
  std::string saved;
  {
    auto reader = Orders().Subscribe();
    ReadTransaction t;
    ASSERT_EQ(*(*reader)->Next(&t, kLong), ReadStep::kTransaction);
    ASSERT_EQ(*(*reader)->Next(&t, kLong), ReadStep::kTransaction);
    saved = CursorText((*reader)->cursor());
  }
  auto cursor = ParseCursor(saved);
  ASSERT_TRUE(cursor.ok()) << cursor.status();
  EXPECT_EQ(cursor->lsn, Lsn(2));
  auto again = Orders().Subscribe(*cursor, {.from = Position::Newest()});
  ASSERT_TRUE(again.ok()) << again.status();
  ReadTransaction t;
  ASSERT_EQ(*(*again)->Next(&t, kLong), ReadStep::kTransaction);
  EXPECT_EQ(AsView(t.payload), "c");
  EXPECT_EQ(*(*again)->Next(&t, kLong), ReadStep::kFinished);
  EXPECT_EQ((*again)->cursor().lsn, Lsn(3));
}

TEST_F(JournalTest, AReaderGoesOnBehindWhatItDeliveredWhenItsConnectionBreaks) {
  auto reader = Orders().Subscribe({.follow = true});
  ASSERT_TRUE(reader.ok()) << reader.status();
  ReadTransaction t;
  for (uint64_t i = 1; i <= 20; ++i) {
    fake_.AddTransactions({std::to_string(i)});
    if (i % 5 == 0) fake_.BreakConnections();
    ASSERT_EQ(*(*reader)->Next(&t, kLong), ReadStep::kTransaction);
    EXPECT_EQ(t.lsn, Lsn(i));
    EXPECT_EQ(AsView(t.payload), std::to_string(i));
  }
  EXPECT_GE((*reader)->reconnects(), 3u);
}

TEST_F(JournalTest, ACursorOfAnotherJournalIsRefused) {
  fake_.AddTransactions({"a"});
  auto reader = Orders().Subscribe();
  ReadTransaction t;
  ASSERT_EQ(*(*reader)->Next(&t, kLong), ReadStep::kTransaction);
  Cursor cursor = (*reader)->cursor();
  fake_.ReplaceJournal();
  fake_.AddTransactions({"another"});
  absl::Status status = Orders().Subscribe(cursor).status();
  EXPECT_EQ(CodeOf(status), ErrorCode::kBadCursor) << status;
}

TEST_F(JournalTest, ACursorAboveALossIsRefusedAndOneBelowGoesOn) {
  fake_.AddTransactions({"a"});
  fake_.AddTransactions({"b"});
  auto reader = Orders().Subscribe();
  ReadTransaction t;
  ASSERT_EQ(*(*reader)->Next(&t, kLong), ReadStep::kTransaction);
  Cursor below = (*reader)->cursor();
  ASSERT_EQ(*(*reader)->Next(&t, kLong), ReadStep::kTransaction);
  Cursor above = (*reader)->cursor();
  fake_.LoseTransactionsFrom(Lsn(2));
  fake_.AddTransactions({"other"});
  EXPECT_EQ(CodeOf(Orders().Subscribe(above).status()), ErrorCode::kDataLoss);
  auto again = Orders().Subscribe(below);
  ASSERT_TRUE(again.ok()) << again.status();
  ASSERT_EQ(*(*again)->Next(&t, kLong), ReadStep::kTransaction);
  EXPECT_EQ(AsView(t.payload), "other");
}

TEST_F(JournalTest, ACursorWhoseEntryHasChangedIsRefusedEvenIfTheServerDoesNotSay) {
  fake_.AddTransactions({"a"});
  auto reader = Orders().Subscribe();
  ReadTransaction t;
  ASSERT_EQ(*(*reader)->Next(&t, kLong), ReadStep::kTransaction);
  Cursor cursor = (*reader)->cursor();
  cursor.chain ^= 1;
  EXPECT_EQ(CodeOf(Orders().Subscribe(cursor).status()), ErrorCode::kBadCursor);
}

TEST_F(JournalTest, ACursorFromBeforeTheFirstTransactionStartsWhereReadingWouldHave) {
  fake_.AddTransactions({"old"});
  auto reader = Orders().Subscribe({.from = Position::Newest(), .follow = true});
  Cursor cursor = (*reader)->cursor();
  fake_.AddTransactions({"new"});
  auto again = Orders().Subscribe(cursor);
  ReadTransaction t;
  ASSERT_EQ(*(*again)->Next(&t, kLong), ReadStep::kTransaction);
  EXPECT_EQ(AsView(t.payload), "new");
}

TEST_F(JournalTest, ACursorBelowATrimGoesOnOnlyIfNothingIsMissing) {
  fake_.AddTransactions({"a"});
  fake_.AddTransactions({"b"});
  auto reader = Orders().Subscribe();
  ReadTransaction t;
  ASSERT_EQ(*(*reader)->Next(&t, kLong), ReadStep::kTransaction);
  Cursor cursor = (*reader)->cursor();
  fake_.Trim(Lsn(2));
  auto again = Orders().Subscribe(cursor);
  ASSERT_EQ(*(*again)->Next(&t, kLong), ReadStep::kTransaction);
  EXPECT_EQ(AsView(t.payload), "b");
  fake_.AddTransactions({"c"});
  fake_.Trim(Lsn(3));
  auto late = Orders().Subscribe(cursor);
  EXPECT_EQ(CodeOf((*late)->Next(&t, kLong).status()), ErrorCode::kTrimmed);
}

TEST(Servers, AConnectionStringNamesSeveralNodesInOrder) {
  EXPECT_THAT(*ParseServers("a:1, b:2 ,[::1]:3"), ElementsAre("a:1", "b:2", "[::1]:3"));
  for (const char* bad : {"", ",", "a:1,", "a:1,,b:2", "a:1,b", "a:1 b:2"}) {
    EXPECT_EQ(CodeOf(ParseServers(bad).status()), ErrorCode::kBadAddress) << bad;
  }
  for (const char* secret : {"user:hunter2@a:1", "b:1,user:hunter2@a:1,", "hunter2@a"}) {
    const absl::Status status = ParseServers(secret).status();
    EXPECT_EQ(CodeOf(status), ErrorCode::kBadAddress) << secret;
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("hunter2")));
  }
  std::string many = "a:1";
  for (uint32_t i = 0; i < limits::kClientServersMax; ++i) many += ",a:1";
  EXPECT_THAT(std::string(ParseServers(many).status().message()), HasSubstr("more than 64"));
  EXPECT_EQ(CodeOf(Client::Open({.server = "nowhere"}).status()), ErrorCode::kBadAddress);
}

TEST(Transactions, AreEncodedAsTheGeneratedCodeDoesAndReadBack) {
  Transaction in{.payload = "p",
                 .type = "t",
                 .key = "k",
                 .id = "i",
                 .client_time_ns = 77,
                 .headers = {{"n", "v"}, {"", "x"}}};
  std::string encoded;
  EncodeTransaction(in, &encoded);
  v1::Transaction parsed;
  ASSERT_TRUE(parsed.ParseFromString(encoded));
  EXPECT_EQ(parsed.SerializeAsString(), encoded);
  EXPECT_EQ(parsed.client_time_ns(), 77u);
  Transaction out;
  ASSERT_TRUE(ParseTransaction(AsBytes(encoded), &out));
  EXPECT_EQ(out.payload, "p");
  EXPECT_EQ(out.type, "t");
  EXPECT_EQ(out.key, "k");
  EXPECT_EQ(out.id, "i");
  EXPECT_EQ(out.client_time_ns, 77u);
  EXPECT_EQ(out.headers, in.headers);
  for (size_t i = 1; i < encoded.size(); ++i) {
    Transaction cut;
    v1::Transaction reference;
    EXPECT_EQ(ParseTransaction(AsBytes(encoded.substr(0, i)), &cut),
              reference.ParseFromString(encoded.substr(0, i)));
  }
}

}  // namespace
}  // namespace ringjournal::client
