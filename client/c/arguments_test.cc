// What callers get wrong, and structs of other versions.
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "client/c/boundary.h"
#include "client/c/c_fixture.h"

namespace ringjournal::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kWait = RJ_TIMEOUT_DEFAULT;

class CArguments : public CFixture {};

TEST_F(CArguments, NullHandles) {
  rj_outcome outcome = Init<rj_outcome>();
  rj_writer* w = nullptr;
  ExpectInvalid(rj_client_ping(nullptr, kWait, e()), "client");
  ExpectInvalid(rj_journal_create(nullptr, nullptr, kWait, e()), "journal");
  ExpectInvalid(rj_journal_create_if_missing(nullptr, nullptr, kWait, e()), "journal");
  ExpectInvalid(rj_journal_remove(nullptr, kWait, e()), "journal");
  ExpectInvalid(rj_journal_get_info(nullptr, kWait, nullptr, nullptr, nullptr, e()), "journal");
  ExpectInvalid(rj_journal_trim(nullptr, 1, kWait, nullptr, e()), "journal");
  ExpectInvalid(rj_journal_checkpoint(nullptr, kWait, nullptr, e()), "journal");
  ExpectInvalid(rj_journal_resolve(nullptr, "p", 1, kWait, nullptr, e()), "journal");
  ExpectInvalid(rj_journal_settle(nullptr, "p", 1, 0, 0, kWait, nullptr, e()), "journal");
  ExpectInvalid(rj_journal_get_writer(nullptr, kWait, nullptr, e()), "journal");
  ExpectInvalid(rj_journal_acquire_writer(nullptr, nullptr, kWait, nullptr, e()), "journal");
  ExpectInvalid(rj_writer_open(nullptr, nullptr, &w, e()), "journal");
  ExpectInvalid(rj_writer_append(nullptr, "x", 1, nullptr, kWait, &outcome, e()), "writer");
  EXPECT_EQ(outcome.fate, RJ_FATE_NOT_APPLIED);
  EXPECT_EQ(outcome.code, RJ_INVALID_ARGUMENT);
  ExpectInvalid(rj_writer_append_batch(nullptr, nullptr, 0, nullptr, kWait, &outcome, e()),
                "writer");
  ExpectInvalid(rj_writer_append_async(nullptr, "x", 1, nullptr, nullptr, nullptr, e()), "writer");
  ExpectInvalid(rj_writer_append_batch_async(nullptr, nullptr, 0, nullptr, nullptr, nullptr, e()),
                "writer");
  ExpectInvalid(rj_writer_try_append(nullptr, "x", 1, nullptr, nullptr, nullptr, e()), "writer");
  ExpectInvalid(rj_writer_try_append_batch(nullptr, nullptr, 0, nullptr, nullptr, nullptr, e()),
                "writer");
  ExpectInvalid(rj_writer_flush(nullptr, 0, kWait, e()), "writer");
  ExpectInvalid(rj_writer_status(nullptr, e()), "writer");
  ExpectInvalid(rj_writer_get_stats(nullptr, nullptr, e()), "writer");
  ExpectInvalid(rj_writer_last_sequence_at_open(nullptr, nullptr, e()), "writer");
  ExpectInvalid(rj_subscription_next(nullptr, kWait, nullptr, nullptr, e()), "subscription");
  ExpectInvalid(rj_subscription_save_cursor(nullptr, nullptr, 0, nullptr, e()), "subscription");
  ExpectInvalid(rj_subscription_last_loss(nullptr, nullptr, e()), "subscription");
}

TEST_F(CArguments, ClosingNullDoesNothing) {
  rj_client_close(nullptr);
  rj_journal_close(nullptr);
  rj_subscription_close(nullptr);
  EXPECT_EQ(rj_writer_close(nullptr, nullptr), RJ_OK);
  EXPECT_EQ(rj_writer_producer(nullptr), nullptr);
}

TEST_F(CArguments, OtherNulls) {
  rj_client* client = client_;
  rj_journal* journal = journal_;
  rj_subscription* subscription = nullptr;
  rj_resolution resolution = Init<rj_resolution>();
  rj_writer_info info = Init<rj_writer_info>();
  rj_writer_claim claim = Init<rj_writer_claim>();
  ExpectInvalid(rj_client_open(nullptr, nullptr, &client, e()), "servers");
  EXPECT_EQ(client, nullptr);
  ExpectInvalid(rj_client_open("127.0.0.1:1", nullptr, nullptr, e()), "client");
  ExpectInvalid(rj_journal_open(client_, nullptr, &journal, e()), "name");
  EXPECT_EQ(journal, nullptr);
  ExpectInvalid(rj_journal_open(client_, "x", nullptr, e()), "journal");
  ExpectInvalid(rj_journal_open(nullptr, "x", &journal, e()), "client");
  ExpectInvalid(rj_journal_resolve(journal_, nullptr, 1, kWait, &resolution, e()), "producer");
  ExpectInvalid(rj_journal_resolve(journal_, "p", 1, kWait, nullptr, e()), "resolution");
  ExpectInvalid(rj_journal_get_writer(journal_, kWait, nullptr, e()), "writer");
  ExpectInvalid(rj_journal_acquire_writer(journal_, nullptr, kWait, &info, e()), "claim");
  ExpectInvalid(rj_journal_acquire_writer(journal_, &claim, kWait, &info, e()), "claim->claimant");
  ExpectInvalid(rj_writer_open(journal_, nullptr, nullptr, e()), "writer");
  ExpectInvalid(rj_subscription_open(journal_, nullptr, nullptr, e()), "subscription");
  ExpectInvalid(rj_subscription_open(nullptr, nullptr, &subscription, e()), "journal");
}

TEST_F(CArguments, OfAWriter) {
  rj_writer* w = OpenWriter();
  rj_outcome outcome = Init<rj_outcome>();
  ExpectInvalid(rj_writer_append(w, nullptr, 1, nullptr, kWait, &outcome, e()), "payload");
  ExpectInvalid(rj_writer_append(w, "x", 1, nullptr, kWait, nullptr, e()), "outcome");
  ExpectInvalid(rj_writer_append_batch(w, nullptr, 1, nullptr, kWait, &outcome, e()),
                "transactions");
  ExpectInvalid(rj_writer_flush(w, 9, kWait, e()), "level");
  ExpectInvalid(rj_writer_get_stats(w, nullptr, e()), "stats");
  ExpectInvalid(rj_writer_last_sequence_at_open(w, nullptr, e()), "sequence");
  rj_append_options options = Init<rj_append_options>();
  options.level = 5;
  ExpectInvalid(rj_writer_append(w, "x", 1, &options, kWait, &outcome, e()), "options->level");
  EXPECT_EQ(rj_writer_append_batch(w, nullptr, 0, nullptr, kWait, &outcome, e()), RJ_EMPTY_APPEND);
  size_t huge = std::numeric_limits<size_t>::max();
  EXPECT_EQ(rj_writer_append(w, "x", huge, nullptr, kWait, &outcome, e()), RJ_TOO_LARGE);
  rj_transaction t = Init<rj_transaction>();
  EXPECT_EQ(rj_writer_append_batch(w, &t, huge, nullptr, kWait, &outcome, e()), RJ_TOO_LARGE);
  t.key = {"x", huge};
  EXPECT_EQ(rj_writer_append_batch(w, &t, 1, nullptr, kWait, &outcome, e()), RJ_TOO_LARGE);
  t.key = {nullptr, 1};
  ExpectInvalid(rj_writer_append_batch(w, &t, 1, nullptr, kWait, &outcome, e()), "key");
  t.key = {nullptr, 0};
  t.header_count = 1;
  ExpectInvalid(rj_writer_append_batch(w, &t, 1, nullptr, kWait, &outcome, e()), "headers");
  EXPECT_THAT(error_.message, HasSubstr("transactions[0]"));
  EXPECT_EQ(outcome.fate, RJ_FATE_NOT_APPLIED);
  EXPECT_EQ(rj_writer_close(w, e()), RJ_OK);
  EXPECT_THAT(fake_.Payloads(), ElementsAre());
}

TEST_F(CArguments, OfASubscription) {
  fake_.AddTransactions({"a"});
  rj_subscription* s = nullptr;
  rj_subscription_options options = Init<rj_subscription_options>();
  options.from = 6;
  ExpectInvalid(rj_subscription_open(journal_, &options, &s, e()), "options->from");
  options = Init<rj_subscription_options>();
  options.reserved = 1;
  ExpectInvalid(rj_subscription_open(journal_, &options, &s, e()), "options->reserved");
  ASSERT_EQ(rj_subscription_open(journal_, nullptr, &s, e()), RJ_OK);
  rj_read_transaction t = Init<rj_read_transaction>();
  int32_t step = 0;
  ExpectInvalid(rj_subscription_next(s, kWait, nullptr, &t, e()), "step");
  ExpectInvalid(rj_subscription_next(s, kWait, &step, nullptr, e()), "transaction");
  t.struct_size = 0;
  ExpectInvalid(rj_subscription_next(s, kWait, &step, &t, e()), "transaction->struct_size");
  ExpectInvalid(rj_subscription_save_cursor(s, nullptr, 999, nullptr, e()), "buffer");
  ExpectInvalid(rj_subscription_last_loss(s, nullptr, e()), "loss");
  // None of these took the transaction.
  t = Init<rj_read_transaction>();
  EXPECT_EQ(rj_subscription_next(s, kWait, &step, &t, e()), RJ_OK);
  EXPECT_EQ(t.lsn, 1u);
  rj_subscription_close(s);
}

TEST_F(CArguments, BadAddress) {
  rj_client* client = nullptr;
  EXPECT_EQ(rj_client_open("nowhere", nullptr, &client, e()), RJ_BAD_ADDRESS);
  EXPECT_EQ(client, nullptr);
  EXPECT_THAT(error_.message, HasSubstr("nowhere"));
}

// ---- sizes ----

TEST_F(CArguments, SizesThatWereNeverSet) {
  for (uint32_t size : {0u, 4u, 71u, 65544u, 0xffffffffu}) {
    rj_writer_options options = Init<rj_writer_options>();
    options.struct_size = size;
    rj_writer* writer = nullptr;
    ExpectInvalid(rj_writer_open(journal_, &options, &writer, e()), "options->struct_size");
    rj_outcome outcome = {};
    outcome.struct_size = size;
    ExpectInvalid(rj_writer_append(nullptr, "x", 1, nullptr, kWait, &outcome, e()),
                  "outcome->struct_size");
    // An error that cannot be written: nothing is done, and only the code says so.
    rj_error error = {};
    error.struct_size = size;
    error.code = 77;
    EXPECT_EQ(rj_client_ping(client_, kWait, &error), RJ_INVALID_ARGUMENT);
    EXPECT_EQ(error.code, 77);
  }
}

// A caller that was compiled when the struct ended with `level`.
TEST_F(CArguments, OlderOptions) {
  rj_writer_options options;
  std::memset(&options, 0xff, sizeof options);  // behind the struct: not to be looked at
  options.struct_size = offsetof(rj_writer_options, bytes_in_flight_max);
  options.create = 0;
  options.producer = "old";
  options.writer_generation = options.writer_epoch = 0;
  options.level = RJ_LEVEL_DISK;
  options.appends_in_flight_max = 0;
  rj_writer* writer = nullptr;
  ASSERT_EQ(rj_writer_open(journal_, &options, &writer, e()), RJ_OK) << error_.message;
  EXPECT_STREQ(rj_writer_producer(writer), "old");
  EXPECT_EQ(rj_writer_close(writer, e()), RJ_OK);
}

TEST_F(CArguments, OlderOutcomeIsNotWrittenBehindItsEnd) {
  rj_writer* writer = OpenWriter();
  rj_outcome outcome;
  std::memset(&outcome, 0x5a, sizeof outcome);
  outcome.struct_size = offsetof(rj_outcome, index);
  EXPECT_EQ(Append(writer, "x", &outcome), RJ_OK);
  EXPECT_EQ(outcome.struct_size, offsetof(rj_outcome, index));
  EXPECT_EQ(outcome.first_lsn, 1u);
  EXPECT_EQ(outcome.index, 0x5a5a5a5a5a5a5a5au);
  EXPECT_EQ(outcome.disk_copies, 0x5a5a5a5au);
  rj_writer_close(writer, nullptr);
}

// Structs as a newer header has them.
struct NewerOptions {
  rj_writer_options known;
  uint64_t added[2];
};
struct NewerOutcome {
  rj_outcome known;
  uint64_t added[2];
};
struct NewerTransaction {
  rj_transaction known;
  uint64_t added;
};

TEST_F(CArguments, NewerOptionsWithZeroTail) {
  NewerOptions options = {};
  options.known.struct_size = sizeof options;
  options.known.producer = "new";
  rj_writer* writer = nullptr;
  EXPECT_EQ(rj_writer_open(journal_, &options.known, &writer, e()), RJ_OK) << error_.message;
  rj_writer_close(writer, nullptr);
}

TEST_F(CArguments, NewerOptionsWithATailThatIsSet) {
  NewerOptions options = {};
  options.known.struct_size = sizeof options;
  options.added[1] = uint64_t{1} << 56;  // the last byte
  rj_writer* writer = nullptr;
  ExpectInvalid(rj_writer_open(journal_, &options.known, &writer, e()), "options");
  EXPECT_THAT(error_.message, HasSubstr("byte 87 of 88"));
  EXPECT_THAT(error_.message, HasSubstr("newer library"));
  EXPECT_EQ(writer, nullptr);
}

TEST_F(CArguments, NewerOutcomeGetsAZeroTail) {
  rj_writer* writer = OpenWriter();
  NewerOutcome outcome;
  std::memset(&outcome, 0x5a, sizeof outcome);
  outcome.known.struct_size = sizeof outcome;
  EXPECT_EQ(Append(writer, "x", &outcome.known), RJ_OK);
  EXPECT_EQ(outcome.known.struct_size, sizeof outcome);
  EXPECT_EQ(outcome.known.first_lsn, 1u);
  EXPECT_THAT(outcome.added, ElementsAre(0u, 0u));
  rj_writer_close(writer, nullptr);
}

TEST_F(CArguments, NewerTransactionsInAnArray) {
  rj_writer* writer = OpenWriter();
  NewerTransaction batch[3] = {};
  const char* payloads[] = {"a", "b", "c"};
  for (int i = 0; i < 3; ++i) {
    batch[i].known.struct_size = sizeof batch[i];
    batch[i].known.payload = {payloads[i], 1};
  }
  rj_outcome outcome = Init<rj_outcome>();
  EXPECT_EQ(rj_writer_append_batch(writer, &batch[0].known, 3, nullptr, kWait, &outcome, e()),
            RJ_OK);
  EXPECT_EQ(outcome.count, 3u);
  EXPECT_THAT(fake_.Payloads(), ElementsAre("a", "b", "c"));
  batch[2].added = 1;
  ExpectInvalid(rj_writer_append_batch(writer, &batch[0].known, 3, nullptr, kWait, &outcome, e()),
                "transactions");
  EXPECT_THAT(error_.message, HasSubstr("transactions[2]"));
  batch[1].known.struct_size = sizeof(rj_transaction);
  ExpectInvalid(rj_writer_append_batch(writer, &batch[0].known, 3, nullptr, kWait, &outcome, e()),
                "struct_size");
  EXPECT_THAT(error_.message, HasSubstr("transactions[1]"));
  EXPECT_EQ(rj_writer_close(writer, nullptr), RJ_OK);
  EXPECT_EQ(fake_.end_lsn(), Lsn(3));
}

TEST_F(CArguments, ErrorsOfOtherSizes) {
  rj_error small = {};
  small.struct_size = 8;
  small.message[0] = 'x';
  EXPECT_EQ(rj_client_ping(nullptr, kWait, &small), RJ_INVALID_ARGUMENT);
  EXPECT_EQ(small.code, RJ_INVALID_ARGUMENT);
  EXPECT_EQ(small.message[0], 'x');
  struct {
    rj_error known;
    uint64_t added;
  } large = {};
  large.known.struct_size = sizeof large;
  large.added = 1;
  EXPECT_EQ(rj_client_ping(nullptr, kWait, &large.known), RJ_INVALID_ARGUMENT);
  EXPECT_THAT(large.known.message, HasSubstr("client"));
  EXPECT_EQ(large.added, 0u);
}

TEST_F(CArguments, LongMessageFits) {
  rj_client* client = nullptr;
  EXPECT_EQ(rj_client_open(std::string(5000, 'x').c_str(), nullptr, &client, e()), RJ_BAD_ADDRESS);
  std::string message = error_.message;
  EXPECT_LT(message.size(), sizeof error_.message);
  EXPECT_THAT(message, HasSubstr("xxx"));
}

// ---- what must never happen ----

TEST(CBoundary, ExceptionsBecomeCodes) {
  rj_error error = Init<rj_error>();
  auto run = [&](auto raise) {
    return c::Guarded(&error, [&] {
      raise();
      return absl::OkStatus();
    });
  };
  EXPECT_EQ(run([] { std::vector<int>().at(1); }), RJ_INTERNAL);
  EXPECT_STRNE(error.message, "");
  EXPECT_EQ(run([] { std::string().reserve(std::string().max_size() + 1); }), RJ_TOO_LARGE);
  EXPECT_EQ(run([] { std::rethrow_exception(std::make_exception_ptr(std::bad_alloc())); }),
            RJ_NO_MEMORY);
  EXPECT_EQ(run([] { std::rethrow_exception(std::make_exception_ptr(7)); }), RJ_INTERNAL);
  EXPECT_EQ(run([] {}), RJ_OK);
}

TEST(CBoundary, TextIsCutWithDots) {
  char out[8];
  c::PutText("1234567", out, sizeof out);
  EXPECT_STREQ(out, "1234567");
  c::PutText("12345678", out, sizeof out);
  EXPECT_STREQ(out, "1234...");
}

TEST(CBoundary, CodesHaveNames) {
  EXPECT_STREQ(rj_code_name(RJ_OK), "OK");
  EXPECT_STREQ(rj_code_name(RJ_WRITER_HELD), "WRITER_HELD");
  EXPECT_STREQ(rj_code_name(RJ_NO_MEMORY), "NO_MEMORY");
  EXPECT_STREQ(rj_code_name(12345), "UNKNOWN");
  for (int code = 1; code < 1100; ++code) {
    EXPECT_EQ(rj_code_name(code), ErrorCodeName(static_cast<ErrorCode>(code))) << code;
    EXPECT_EQ(rj_code_is_transient(code) != 0, IsTransient(static_cast<ErrorCode>(code))) << code;
  }
}

}  // namespace
}  // namespace ringjournal::client
