// Of standbys and takeovers.
#include "client/c/boundary.h"
#include "client/c/convert.h"

namespace ringjournal::client::c {

rj_standby_readiness ReadinessOf(const Readiness& readiness, Lsn next) {
  rj_standby_readiness out = {};
  out.writer_generation = readiness.writer.generation;
  out.writer_epoch = readiness.writer.epoch;
  out.lag = readiness.lag;
  out.next_lsn = next.value();
  out.replay_rate = readiness.replay_rate;
  out.fence_round_trip_ns = readiness.fence_round_trip_ns;
  out.takeover_estimate_ns = readiness.takeover_estimate_ns;
  out.silent_for_ns = readiness.silent_for_ns;
  PutText(readiness.claimant, out.claimant, sizeof out.claimant);
  return out;
}

rj_takeover_report ReportOf(const TakeoverReport& report) {
  rj_takeover_report out = {};
  const bool nothing_lost = report.verdict == Verdict::kNothingLost;
  out.verdict = nothing_lost ? RJ_VERDICT_NOTHING_LOST : RJ_VERDICT_MAY_BE_LOST;
  out.journal = report.journal.c_str();
  out.old_generation = report.old_writer.generation;
  out.old_epoch = report.old_writer.epoch;
  out.old_claimant = report.old_claimant.c_str();
  out.new_generation = report.new_writer.generation;
  out.new_epoch = report.new_writer.epoch;
  out.new_claimant = report.new_claimant.c_str();
  out.final_lsn = report.final_lsn.value();
  out.chain = report.chain;
  out.lost_from_lsn = report.lost_from.value();
  out.lost_why = report.lost_why.c_str();
  out.acted_lsn = report.acted_lsn.value();
  out.in_doubt_transactions = report.in_doubt_count;
  out.in_doubt_exact = report.in_doubt_exact;
  out.forced = report.forced;
  out.replayed = report.replayed;
  out.digests_compared = report.digests_compared;
  out.silence_ns = report.silence_ns;
  out.fence_ns = report.fence_ns;
  out.replay_ns = report.replay_ns;
  out.open_ns = report.open_ns;
  return out;
}

}  // namespace ringjournal::client::c
