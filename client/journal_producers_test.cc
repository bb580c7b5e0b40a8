// What a journal has of its producers: one, a page, all of them.
#include <string>

#include "client/client.h"
#include "client/writer_fixture.h"
#include "journal/base/limits.h"

namespace ringjournal::client {
namespace {

using JournalProducersTest = WriterFixture;

TEST_F(JournalProducersTest, AProgramThatWasRestartedLearnsWhatItHadAppended) {
  auto writer = OpenWriter();
  ASSERT_EQ(writer->Append("x", kLong).fate, Fate::kApplied);
  ASSERT_EQ(writer->Append("y", kLong).fate, Fate::kApplied);
  const auto p = Orders().GetProducer("p");
  ASSERT_TRUE(p.ok()) << p.status();
  EXPECT_EQ(p->name, "p");
  EXPECT_EQ(p->last_sequence, Sequence(2));
  EXPECT_EQ(p->last_lsn, Lsn(2));
  EXPECT_EQ(Orders().Resolve("p", p->last_sequence)->lsn, p->last_lsn);
  const auto unknown = Orders().GetProducer("");
  EXPECT_EQ(CodeOf(unknown.status()), ErrorCode::kUnknownProducer);
  EXPECT_EQ(CodeOf(Orders().GetProducer("pp").status()), ErrorCode::kUnknownProducer);
  EXPECT_THAT(std::string(Orders().GetProducer("q").status().message()),
              ::testing::HasSubstr("producer ls orders"));
}

TEST_F(JournalProducersTest, ProducersComeInPagesInTheOrderOfTheirNames) {
  for (const char* name : {"b-2", "a", "b-1", "b", "c"}) {
    ASSERT_TRUE(Orders().OpenWriter({.producer = name}).ok());
  }
  ProducerQuery query{.prefix = "b", .limit = 2};
  auto page = Orders().GetProducerPage(query);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->producers.size(), 2u);
  EXPECT_EQ(page->producers[0].name, "b");
  EXPECT_EQ(page->next, "b-2");
  EXPECT_EQ(page->producer_count, 5u);
  query.from = page->next;
  page = Orders().GetProducerPage(query);
  ASSERT_EQ(page->producers.size(), 1u);
  EXPECT_EQ(page->next, "");
  EXPECT_EQ(Orders().ListProducers()->size(), 5u);
  EXPECT_EQ(Orders().ListProducers("b-")->size(), 2u);
  EXPECT_EQ(Orders().ListProducers("d")->size(), 0u);
  fake_.StopServing();
  EXPECT_EQ(CodeOf(Orders().ListProducers("", kShort).status()), ErrorCode::kDeadline);
}

TEST_F(JournalProducersTest, MoreProducersThanOneAnswerNamesAreListedWhole) {
  ASSERT_TRUE(OpenWriter() != nullptr);
  for (uint32_t i = 0; i <= limits::kProducersNamedMax; ++i) {
    fake_.Fence("p" + std::to_string(i));  // opens it as somebody else would
  }
  const auto all = Orders().ListProducers("p");
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->size(), limits::kProducersNamedMax + 2);
  for (size_t i = 1; i < all->size(); ++i) ASSERT_LT((*all)[i - 1].name, (*all)[i].name);
}

}  // namespace
}  // namespace ringjournal::client
