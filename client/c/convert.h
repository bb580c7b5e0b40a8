// The structs of the C interface and the values of the C++ one.
#ifndef CLIENT_C_CONVERT_H_
#define CLIENT_C_CONVERT_H_

#include <vector>

#include "absl/status/statusor.h"
#include "client/c/ringjournal.h"
#include "client/journal_info.h"
#include "client/outcome.h"
#include "client/takeover/standby.h"
#include "client/writer.h"

namespace ringjournal::client::c {

JournalSettings SettingsOf(const rj_journal_settings& settings);
rj_journal_settings SettingsOf(const JournalSettings& settings);
rj_watermarks WatermarksOf(const Watermarks& marks);
rj_journal_info InfoOf(const JournalInfo& info);
rj_resolution ResolutionOf(const Resolution& resolution);
rj_writer_info WriterInfoOf(const WriterInfo& info);
rj_outcome OutcomeOf(const AppendOutcome& outcome);
rj_writer_stats StatsOf(const WriterStats& stats, size_t in_flight);
rj_standby_readiness ReadinessOf(const Readiness& readiness, Lsn next);
// Points into `report`; without what rj_promotion keeps for it.
rj_takeover_report ReportOf(const TakeoverReport& report);
// Points into `loss` and `held`.
rj_loss LossOf(const LossNotice& loss, std::vector<rj_range>* held);

int32_t FateOf(Fate fate);
// `preset` for 0; RJ_INVALID_ARGUMENT for a number that is no level.
absl::StatusOr<Level> LevelOf(const char* argument, uint32_t level, Level preset);

}  // namespace ringjournal::client::c

#endif  // CLIENT_C_CONVERT_H_
