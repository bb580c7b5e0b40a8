// The config document: whatever it says, it is judged and found; two of them as one change.
//
// Input: two bytes of length, so many bytes of one document, then those of the next.
#include "journal/base/check.h"
#include "server/config_store/document.h"
#include "server/config_store/document_checks.h"
#include "tests/fuzz/target.h"

namespace ringjournal::fuzz {
namespace {

bool Parse(ByteSpan bytes, v1::ConfigDocument* document) {
  return document->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

std::string Judge(const v1::ConfigDocument& document) {
  const absl::Status status = ValidateDocument(document);
  RJ_CHECK(status.ok() || !status.message().empty());
  for (const v1::JournalConfig& journal : document.journals()) {
    (void)ValidateSettings(journal.settings());
    if (status.ok()) RJ_CHECK(FindJournalByName(document, journal.name()) == &journal);
  }
  for (const v1::NodeRegistration& node : document.nodes()) {
    if (status.ok()) RJ_CHECK(FindNode(document, node.node()) == &node);
  }
  return status.ok() ? "valid" : "invalid";
}

std::string With(const v1::ConfigDocument& first, const v1::ConfigDocument& second) {
  const std::string a = first.SerializeAsString();
  std::string out;
  out.push_back(static_cast<char>(a.size() & 0xff));
  out.push_back(static_cast<char>(a.size() >> 8));
  return out + a + second.SerializeAsString();
}

}  // namespace

std::string Decode(ByteSpan input) {
  if (input.size() < 2) return "no document";
  const size_t stated = static_cast<size_t>(input[0]) | static_cast<size_t>(input[1]) << 8;
  const size_t first_bytes = std::min(stated, input.size() - 2);
  v1::ConfigDocument before, after;
  if (!Parse(input.subspan(2, first_bytes), &before)) return "no document";
  const std::string verdict = Judge(before);
  if (!Parse(input.subspan(2 + first_bytes), &after)) return verdict + " then no document";
  const std::string next = Judge(after);
  if (verdict != "valid" || next != "valid") return verdict + " then " + next;
  RJ_CHECK(ValidateChange(before, before).ok() == false);  // the version must rise
  return ValidateChange(before, after).ok() ? "allowed change" : "refused change";
}

std::vector<std::string> Seeds() {
  v1::ConfigDocument one;
  one.set_version(3);
  one.set_cluster_id(std::string(16, 'c'));
  one.add_nodes()->set_node("node1");
  one.mutable_nodes(0)->set_incarnation(2);
  v1::JournalConfig* journal = one.add_journals();
  journal->set_id(std::string(16, 'j'));
  journal->set_name("orders");
  journal->set_generation(1);
  journal->set_epoch(1);
  for (v1::ReplicaId* id :
       {journal->mutable_leader(), journal->add_isr(), journal->add_complete()}) {
    id->set_node("node1");
    id->set_incarnation(2);
  }
  journal->add_recovery_set("node1");
  journal->add_members("node1");
  journal->set_min_isr(1);
  journal->set_target_copies(1);
  journal->set_state(v1::JOURNAL_STATE_ACTIVE);
  v1::ConfigDocument two = one;
  two.set_version(4);
  v1::ConfigDocument back = two;
  back.mutable_nodes(0)->set_incarnation(1);
  v1::ConfigDocument doubled = two;
  *doubled.add_journals() = two.journals(0);
  return {"",
          With(one, two),
          With(two, one),
          With(one, back),
          With(one, doubled),
          With(doubled, one),
          With(one, one) + "\xff",
          std::string("\x01\x00\xff", 3)};
}

}  // namespace ringjournal::fuzz
