// Faults put in on purpose: a checker counts only if it finds its mutant.
#ifndef TESTS_SIM_MUTANTS_H_
#define TESTS_SIM_MUTANTS_H_

#include <string_view>

namespace ringjournal::sim {

// Each is a wrapper around the production code that breaks one promise; the code itself has none.
enum class Mutant {
  kNone,
  kAnswersBeforeDurable,  // the disk confirms a write that is not durable yet
  kForgetsAckedEnd,       // a restart finds a ring without its last acknowledged entry
  kServesChangedMemory,   // a restart finds a changed entry with matching checksums
  kAppendsAgain,          // what was appended is appended again under another producer
  kLossStartsLate,        // the loss report names an entry too late
  kLossNotTold,           // a client does not see its loss
  kReadsFuture,           // a reader gets an entry that is never committed
  kSwallowsAnswers,       // a client's answers are lost without an end of the connection
  kAcksOtherPlace,        // an acknowledgement names another LSN
  kKeepsOrderlyStop,      // the mark of an orderly stop outlives the next leader
  kForgetsOrderlyStop,    // the mark of an orderly stop is not there at the next start
  kWrongDiskBytes,        // a synced byte changes without a fault that allows it
};

struct MutantName {
  Mutant mutant;
  std::string_view name;
  std::string_view verdict;  // part of what the checker says that finds it
};
inline constexpr MutantName kMutants[] = {
    {Mutant::kAnswersBeforeDurable, "answers_before_durable", ": the disk had it all"},
    {Mutant::kForgetsAckedEnd, "forgets_acked_end", "that were published"},
    {Mutant::kServesChangedMemory, "serves_changed_memory", "has other bytes than before"},
    {Mutant::kAppendsAgain, "appends_again", "twice, or out of order"},
    {Mutant::kLossStartsLate, "loss_starts_late", "the loss starts at LSN"},
    {Mutant::kLossNotTold, "loss_not_told", "was not told"},
    {Mutant::kReadsFuture, "reads_future", "which the journal never had"},
    {Mutant::kSwallowsAnswers, "swallows_answers", "not everything is answered"},
    {Mutant::kAcksOtherPlace, "acks_other_place", "an acknowledgement says LSN"},
    {Mutant::kKeepsOrderlyStop, "keeps_orderly_stop", "that were published"},
    {Mutant::kForgetsOrderlyStop, "forgets_orderly_stop", "after an orderly stop"},
    {Mutant::kWrongDiskBytes, "wrong_disk_bytes", ": the disk had it all"},
};

}  // namespace ringjournal::sim

#endif  // TESTS_SIM_MUTANTS_H_
