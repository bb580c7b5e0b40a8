// What a journal has of its producers.
#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/ask.h"
#include "client/driver.h"
#include "client/journal.h"
#include "client/journal_timeout.h"

namespace ringjournal::client {
namespace {

ProducerInfo ProducerOf(const v1::ListedProducer& listed) {
  const v1::Producer& p = listed.producer();
  return {.name = p.name(),
          .id = p.id(),
          .epoch = p.epoch(),
          .last_sequence = Sequence(p.last_sequence()),
          .last_lsn = Lsn(p.last_lsn()),
          .last_index = Index(p.last_index()),
          .open = listed.open()};
}

absl::Status UnknownProducer(const std::string& journal, std::string_view producer,
                             uint32_t generation) {
  return MakeError(
      ErrorCode::kUnknownProducer,
      absl::StrCat("no producer \"", std::string(producer), "\" was ever opened on journal ",
                   journal,
                   generation > 1 ? ", or that was lost: a recovery that may have lost data came "
                                    "since, see `ringjournal journal info`"
                                  : "",
                   "; `ringjournal producer ls ", journal, "` lists them"));
}

}  // namespace

absl::StatusOr<ProducerPage> Journal::GetProducerPage(const ProducerQuery& query,
                                                      Timeout timeout) const {
  v1::ClientMessage request;
  v1::ProducerList* list = request.mutable_producer_list();
  list->set_prefix(query.prefix);
  list->set_from(query.from);
  list->set_limit(query.limit);
  auto reply = Ask(*options_, request,
                   AskOptions{.timeout_ns = TimeoutNs(*options_, timeout), .journal = name_});
  if (!reply.ok()) return reply.status();
  const v1::ProducerListReply& said = reply->producer_list_reply();
  ProducerPage page{.next = said.next(),
                    .producer_count = said.producer_count(),
                    .generation = said.generation()};
  for (const v1::ListedProducer& p : said.producers()) page.producers.push_back(ProducerOf(p));
  return page;
}

absl::StatusOr<std::vector<ProducerInfo>> Journal::ListProducers(std::string_view prefix,
                                                                 Timeout timeout) const {
  const int64_t ns = TimeoutNs(*options_, timeout);
  const int64_t now_ns = Driver::NowNs();
  const int64_t until_ns = ns < INT64_MAX - now_ns ? now_ns + ns : INT64_MAX;
  std::vector<ProducerInfo> all;
  ProducerQuery query{.prefix = std::string(prefix)};
  do {
    const int64_t left_ns =
        until_ns == INT64_MAX ? INT64_MAX : std::max<int64_t>(until_ns - Driver::NowNs(), 0);
    auto page = GetProducerPage(query, Timeout(left_ns));
    if (!page.ok()) return page.status();
    std::move(page->producers.begin(), page->producers.end(), std::back_inserter(all));
    query.from = std::move(page->next);
  } while (!query.from.empty());
  return all;
}

absl::StatusOr<ProducerInfo> Journal::GetProducer(std::string_view producer,
                                                  Timeout timeout) const {
  const ProducerQuery query{
      .prefix = std::string(producer), .from = std::string(producer), .limit = 1};
  auto page = GetProducerPage(query, timeout);
  if (!page.ok()) return page.status();
  if (page->producers.empty() || page->producers.front().name != producer) {
    return UnknownProducer(name_, producer, page->generation);
  }
  return std::move(page->producers.front());
}

}  // namespace ringjournal::client
