#include "client/journal.h"

#include <utility>

#include "client/c/boundary.h"
#include "client/c/convert.h"
#include "client/c/handles.h"

namespace ringjournal::client::c {
namespace {

absl::StatusOr<JournalSettings> TakeSettings(const rj_journal_settings* given) {
  rj_journal_settings settings;
  absl::Status status = TakeStruct("settings", given, &settings);
  if (status.ok()) status = CheckZero("settings->reserved", settings.reserved);
  if (!status.ok()) return status;
  return SettingsOf(settings);
}

absl::Status Open(const rj_client* client, const char* name, rj_journal** journal) {
  if (absl::Status status = CheckNotNull("journal", journal); !status.ok()) return status;
  *journal = nullptr;
  absl::Status status = FirstOf(CheckNotNull("client", client), CheckNotNull("name", name));
  if (!status.ok()) return status;
  *journal = new rj_journal{.journal = client->client->Journal(name)};
  return absl::OkStatus();
}

using CreateMethod = absl::Status (Journal::*)(const JournalSettings&, Timeout) const;

rj_code Create(CreateMethod create, const rj_journal* journal, const rj_journal_settings* settings,
               int64_t timeout_ns, rj_error* error) {
  return Guarded(error, [&] {
    if (absl::Status status = CheckNotNull("journal", journal); !status.ok()) return status;
    absl::StatusOr<JournalSettings> mine = TakeSettings(settings);
    if (!mine.ok()) return mine.status();
    return (journal->journal.*create)(*mine, DurationOf(timeout_ns));
  });
}

absl::Status GetInfo(const rj_journal* journal, int64_t timeout_ns, rj_journal_info* info,
                     rj_journal_settings* settings, rj_watermarks* watermarks) {
  absl::Status status =
      FirstOf(CheckNotNull("journal", journal), CheckFillable("info", info),
              CheckFillable("settings", settings), CheckFillable("watermarks", watermarks));
  if (!status.ok()) return status;
  absl::StatusOr<JournalInfo> got = journal->journal.Info(DurationOf(timeout_ns));
  if (!got.ok()) return got.status();
  GiveStruct(InfoOf(*got), info);
  GiveStruct(SettingsOf(got->settings), settings);
  GiveStruct(WatermarksOf(got->watermarks), watermarks);
  return absl::OkStatus();
}

// `ask` returns Watermarks.
template <class Ask>
rj_code AskWatermarks(const rj_journal* journal, rj_watermarks* watermarks, rj_error* error,
                      Ask ask) {
  return Guarded(error, [&] {
    absl::Status status =
        FirstOf(CheckNotNull("journal", journal), CheckFillable("watermarks", watermarks));
    if (!status.ok()) return status;
    absl::StatusOr<Watermarks> marks = ask(journal->journal);
    if (marks.ok()) GiveStruct(WatermarksOf(*marks), watermarks);
    return marks.status();
  });
}

}  // namespace
}  // namespace ringjournal::client::c

namespace c = ringjournal::client::c;
using ringjournal::Lsn;
using ringjournal::client::Journal;

rj_code rj_journal_open(const rj_client* client, const char* name, rj_journal** journal,
                        rj_error* error) {
  return c::Guarded(error, [&] { return c::Open(client, name, journal); });
}

void rj_journal_close(rj_journal* journal) { delete journal; }

rj_code rj_journal_create(const rj_journal* journal, const rj_journal_settings* settings,
                          int64_t timeout_ns, rj_error* error) {
  return c::Create(&Journal::Create, journal, settings, timeout_ns, error);
}

rj_code rj_journal_create_if_missing(const rj_journal* journal, const rj_journal_settings* settings,
                                     int64_t timeout_ns, rj_error* error) {
  return c::Create(&Journal::CreateIfMissing, journal, settings, timeout_ns, error);
}

rj_code rj_journal_remove(const rj_journal* journal, int64_t timeout_ns, rj_error* error) {
  return c::Guarded(error, [&] {
    absl::Status status = c::CheckNotNull("journal", journal);
    return status.ok() ? journal->journal.Remove(c::DurationOf(timeout_ns)) : status;
  });
}

rj_code rj_journal_get_info(const rj_journal* journal, int64_t timeout_ns, rj_journal_info* info,
                            rj_journal_settings* settings, rj_watermarks* watermarks,
                            rj_error* error) {
  return c::Guarded(error,
                    [&] { return c::GetInfo(journal, timeout_ns, info, settings, watermarks); });
}

rj_code rj_journal_trim(const rj_journal* journal, uint64_t first_kept_lsn, int64_t timeout_ns,
                        rj_watermarks* watermarks, rj_error* error) {
  return c::AskWatermarks(journal, watermarks, error, [&](const Journal& j) {
    return j.Trim(Lsn(first_kept_lsn), c::DurationOf(timeout_ns));
  });
}

rj_code rj_journal_checkpoint(const rj_journal* journal, int64_t timeout_ns,
                              rj_watermarks* watermarks, rj_error* error) {
  return c::AskWatermarks(journal, watermarks, error, [&](const Journal& j) {
    return j.Checkpoint(c::DurationOf(timeout_ns));
  });
}
