// The bytes of every struct, as programs were compiled with. A line here may be added, never
// changed.
#include <cstddef>

#include "client/c/ringjournal.h"
#include "gtest/gtest.h"

namespace {

#define RJ_AT(type, field, offset) static_assert(offsetof(type, field) == (offset))
#define RJ_SIZE(type, size) static_assert(sizeof(type) == (size))

RJ_SIZE(rj_error, 1024);
RJ_AT(rj_error, struct_size, 0);
RJ_AT(rj_error, code, 4);
RJ_AT(rj_error, message, 8);

RJ_SIZE(rj_bytes, 16);
RJ_AT(rj_bytes, data, 0);
RJ_AT(rj_bytes, size, 8);

RJ_SIZE(rj_header, 32);
RJ_AT(rj_header, name, 0);
RJ_AT(rj_header, value, 16);

RJ_SIZE(rj_range, 16);
RJ_AT(rj_range, first_lsn, 0);
RJ_AT(rj_range, last_lsn, 8);

RJ_SIZE(rj_loss, 96);
RJ_AT(rj_loss, struct_size, 0);
RJ_AT(rj_loss, generation, 4);
RJ_AT(rj_loss, first_lsn, 8);
RJ_AT(rj_loss, known_committed_lsn, 16);
RJ_AT(rj_loss, receipt_lsn, 24);
RJ_AT(rj_loss, reason, 32);
RJ_AT(rj_loss, received, 40);
RJ_AT(rj_loss, replicated, 48);
RJ_AT(rj_loss, disk, 56);
RJ_AT(rj_loss, disk_quorum, 64);
RJ_AT(rj_loss, held, 72);
RJ_AT(rj_loss, held_count, 80);
RJ_AT(rj_loss, held_is_complete, 88);
RJ_AT(rj_loss, reserved, 92);

RJ_SIZE(rj_client_options, 72);
RJ_AT(rj_client_options, struct_size, 0);
RJ_AT(rj_client_options, busy_poll, 4);
RJ_AT(rj_client_options, client_name, 8);
RJ_AT(rj_client_options, retry_for_ns, 16);
RJ_AT(rj_client_options, connect_timeout_ns, 24);
RJ_AT(rj_client_options, request_timeout_ns, 32);
RJ_AT(rj_client_options, notice_after_ns, 40);
RJ_AT(rj_client_options, interrupt_fd, 48);
RJ_AT(rj_client_options, reserved, 52);
RJ_AT(rj_client_options, on_notice, 56);
RJ_AT(rj_client_options, user, 64);

RJ_SIZE(rj_journal_settings, 64);
RJ_AT(rj_journal_settings, struct_size, 0);
RJ_AT(rj_journal_settings, checkpoint_interval_ms, 4);
RJ_AT(rj_journal_settings, ring_bytes, 8);
RJ_AT(rj_journal_settings, segment_bytes, 16);
RJ_AT(rj_journal_settings, checkpoint_bytes, 24);
RJ_AT(rj_journal_settings, retention_bytes, 32);
RJ_AT(rj_journal_settings, retention_age_ms, 40);
RJ_AT(rj_journal_settings, producers_max, 48);
RJ_AT(rj_journal_settings, memory_only, 52);
RJ_AT(rj_journal_settings, fenced, 56);
RJ_AT(rj_journal_settings, reserved, 60);

RJ_SIZE(rj_watermarks, 72);
RJ_AT(rj_watermarks, struct_size, 0);
RJ_AT(rj_watermarks, reserved, 4);
RJ_AT(rj_watermarks, oldest_lsn, 8);
RJ_AT(rj_watermarks, durable_lsn, 16);
RJ_AT(rj_watermarks, committed_lsn, 24);
RJ_AT(rj_watermarks, end_lsn, 32);
RJ_AT(rj_watermarks, oldest_index, 40);
RJ_AT(rj_watermarks, durable_index, 48);
RJ_AT(rj_watermarks, committed_index, 56);
RJ_AT(rj_watermarks, end_index, 64);

RJ_SIZE(rj_journal_info, 4400);
RJ_AT(rj_journal_info, struct_size, 0);
RJ_AT(rj_journal_info, generation, 4);
RJ_AT(rj_journal_info, epoch, 8);
RJ_AT(rj_journal_info, member_count, 12);
RJ_AT(rj_journal_info, ring_bytes, 16);
RJ_AT(rj_journal_info, ring_bytes_used, 24);
RJ_AT(rj_journal_info, segment_count, 32);
RJ_AT(rj_journal_info, segment_bytes, 40);
RJ_AT(rj_journal_info, producer_count, 48);
RJ_AT(rj_journal_info, id, 56);
RJ_AT(rj_journal_info, name, 96);
RJ_AT(rj_journal_info, storage_state, 200);
RJ_AT(rj_journal_info, members, 232);

RJ_SIZE(rj_resolution, 24);
RJ_AT(rj_resolution, struct_size, 0);
RJ_AT(rj_resolution, outcome, 4);
RJ_AT(rj_resolution, fate, 8);
RJ_AT(rj_resolution, generation, 12);
RJ_AT(rj_resolution, lsn, 16);

RJ_SIZE(rj_writer_info, 128);
RJ_AT(rj_writer_info, struct_size, 0);
RJ_AT(rj_writer_info, generation, 4);
RJ_AT(rj_writer_info, epoch, 8);
RJ_AT(rj_writer_info, journal_generation, 12);
RJ_AT(rj_writer_info, since_ns, 16);
RJ_AT(rj_writer_info, next_lsn, 24);
RJ_AT(rj_writer_info, chain, 32);
RJ_AT(rj_writer_info, nonce, 40);
RJ_AT(rj_writer_info, ended_by_loss, 48);
RJ_AT(rj_writer_info, fenced, 52);
RJ_AT(rj_writer_info, claimant, 56);

RJ_SIZE(rj_writer_claim, 40);
RJ_AT(rj_writer_claim, struct_size, 0);
RJ_AT(rj_writer_claim, force, 4);
RJ_AT(rj_writer_claim, replaces_generation, 8);
RJ_AT(rj_writer_claim, replaces_epoch, 12);
RJ_AT(rj_writer_claim, claimant, 16);
RJ_AT(rj_writer_claim, reason, 24);
RJ_AT(rj_writer_claim, nonce, 32);

RJ_SIZE(rj_writer_options, 72);
RJ_AT(rj_writer_options, struct_size, 0);
RJ_AT(rj_writer_options, create, 4);
RJ_AT(rj_writer_options, producer, 8);
RJ_AT(rj_writer_options, writer_generation, 16);
RJ_AT(rj_writer_options, writer_epoch, 20);
RJ_AT(rj_writer_options, level, 24);
RJ_AT(rj_writer_options, appends_in_flight_max, 28);
RJ_AT(rj_writer_options, bytes_in_flight_max, 32);
RJ_AT(rj_writer_options, open_timeout_ns, 40);
RJ_AT(rj_writer_options, append_timeout_ns, 48);
RJ_AT(rj_writer_options, on_loss, 56);
RJ_AT(rj_writer_options, on_loss_user, 64);

RJ_SIZE(rj_append_options, 16);
RJ_AT(rj_append_options, struct_size, 0);
RJ_AT(rj_append_options, level, 4);
RJ_AT(rj_append_options, expected_lsn, 8);

RJ_SIZE(rj_transaction, 88);
RJ_AT(rj_transaction, struct_size, 0);
RJ_AT(rj_transaction, header_count, 4);
RJ_AT(rj_transaction, headers, 8);
RJ_AT(rj_transaction, payload, 16);
RJ_AT(rj_transaction, type, 32);
RJ_AT(rj_transaction, key, 48);
RJ_AT(rj_transaction, id, 64);
RJ_AT(rj_transaction, client_time_ns, 80);

RJ_SIZE(rj_outcome, 72);
RJ_AT(rj_outcome, struct_size, 0);
RJ_AT(rj_outcome, fate, 4);
RJ_AT(rj_outcome, code, 8);
RJ_AT(rj_outcome, count, 12);
RJ_AT(rj_outcome, first_sequence, 16);
RJ_AT(rj_outcome, first_lsn, 24);
RJ_AT(rj_outcome, index, 32);
RJ_AT(rj_outcome, chain, 40);
RJ_AT(rj_outcome, generation, 48);
RJ_AT(rj_outcome, epoch, 52);
RJ_AT(rj_outcome, level, 56);
RJ_AT(rj_outcome, duplicate, 60);
RJ_AT(rj_outcome, memory_copies, 64);
RJ_AT(rj_outcome, disk_copies, 68);

RJ_SIZE(rj_writer_stats, 80);
RJ_AT(rj_writer_stats, struct_size, 0);
RJ_AT(rj_writer_stats, in_flight, 4);
RJ_AT(rj_writer_stats, accepted, 8);
RJ_AT(rj_writer_stats, applied, 16);
RJ_AT(rj_writer_stats, not_applied, 24);
RJ_AT(rj_writer_stats, unknown, 32);
RJ_AT(rj_writer_stats, answered_late, 40);
RJ_AT(rj_writer_stats, resent, 48);
RJ_AT(rj_writer_stats, duplicates, 56);
RJ_AT(rj_writer_stats, refusals, 64);
RJ_AT(rj_writer_stats, reconnects, 72);

RJ_SIZE(rj_subscription_options, 72);
RJ_AT(rj_subscription_options, struct_size, 0);
RJ_AT(rj_subscription_options, from, 4);
RJ_AT(rj_subscription_options, from_value, 8);
RJ_AT(rj_subscription_options, from_id, 16);
RJ_AT(rj_subscription_options, cursor, 32);
RJ_AT(rj_subscription_options, until_lsn, 40);
RJ_AT(rj_subscription_options, credit_bytes, 48);
RJ_AT(rj_subscription_options, follow, 56);
RJ_AT(rj_subscription_options, durable_only, 60);
RJ_AT(rj_subscription_options, accept_generation, 64);
RJ_AT(rj_subscription_options, reserved, 68);

RJ_SIZE(rj_read_transaction, 128);
RJ_AT(rj_read_transaction, struct_size, 0);
RJ_AT(rj_read_transaction, header_count, 4);
RJ_AT(rj_read_transaction, headers, 8);
RJ_AT(rj_read_transaction, payload, 16);
RJ_AT(rj_read_transaction, type, 32);
RJ_AT(rj_read_transaction, key, 48);
RJ_AT(rj_read_transaction, id, 64);
RJ_AT(rj_read_transaction, client_time_ns, 80);
RJ_AT(rj_read_transaction, lsn, 88);
RJ_AT(rj_read_transaction, index, 96);
RJ_AT(rj_read_transaction, generation, 104);
RJ_AT(rj_read_transaction, epoch, 108);
RJ_AT(rj_read_transaction, log_time_ns, 112);
RJ_AT(rj_read_transaction, chain, 120);

RJ_SIZE(rj_state_machine, 40);
RJ_AT(rj_state_machine, struct_size, 0);
RJ_AT(rj_state_machine, reserved, 4);
RJ_AT(rj_state_machine, user, 8);
RJ_AT(rj_state_machine, apply, 16);
RJ_AT(rj_state_machine, digest, 24);
RJ_AT(rj_state_machine, load, 32);

RJ_SIZE(rj_standby_options, 64);
RJ_AT(rj_standby_options, struct_size, 0);
RJ_AT(rj_standby_options, ignore_checkpoints, 4);
RJ_AT(rj_standby_options, name, 8);
RJ_AT(rj_standby_options, silent_after_ns, 16);
RJ_AT(rj_standby_options, heartbeat_ns, 24);
RJ_AT(rj_standby_options, digest_every, 32);
RJ_AT(rj_standby_options, effect_bytes_max, 40);
RJ_AT(rj_standby_options, from_oldest, 48);
RJ_AT(rj_standby_options, reserved, 52);
RJ_AT(rj_standby_options, writer, 56);

RJ_SIZE(rj_standby_readiness, 136);
RJ_AT(rj_standby_readiness, struct_size, 0);
RJ_AT(rj_standby_readiness, writer_generation, 4);
RJ_AT(rj_standby_readiness, writer_epoch, 8);
RJ_AT(rj_standby_readiness, reserved, 12);
RJ_AT(rj_standby_readiness, lag, 16);
RJ_AT(rj_standby_readiness, next_lsn, 24);
RJ_AT(rj_standby_readiness, replay_rate, 32);
RJ_AT(rj_standby_readiness, fence_round_trip_ns, 40);
RJ_AT(rj_standby_readiness, takeover_estimate_ns, 48);
RJ_AT(rj_standby_readiness, silent_for_ns, 56);
RJ_AT(rj_standby_readiness, claimant, 64);

RJ_SIZE(rj_take_over_options, 32);
RJ_AT(rj_take_over_options, struct_size, 0);
RJ_AT(rj_take_over_options, force, 4);
RJ_AT(rj_take_over_options, reason, 8);
RJ_AT(rj_take_over_options, replaces_only, 16);
RJ_AT(rj_take_over_options, replaces_generation, 20);
RJ_AT(rj_take_over_options, replaces_epoch, 24);
RJ_AT(rj_take_over_options, no_writer, 28);

RJ_SIZE(rj_effect, 24);
RJ_AT(rj_effect, lsn, 0);
RJ_AT(rj_effect, bytes, 8);

RJ_SIZE(rj_takeover_report, 200);
RJ_AT(rj_takeover_report, struct_size, 0);
RJ_AT(rj_takeover_report, verdict, 4);
RJ_AT(rj_takeover_report, journal, 8);
RJ_AT(rj_takeover_report, old_generation, 16);
RJ_AT(rj_takeover_report, old_epoch, 20);
RJ_AT(rj_takeover_report, old_claimant, 24);
RJ_AT(rj_takeover_report, new_generation, 32);
RJ_AT(rj_takeover_report, new_epoch, 36);
RJ_AT(rj_takeover_report, new_claimant, 40);
RJ_AT(rj_takeover_report, final_lsn, 48);
RJ_AT(rj_takeover_report, chain, 56);
RJ_AT(rj_takeover_report, lost_from_lsn, 64);
RJ_AT(rj_takeover_report, lost_why, 72);
RJ_AT(rj_takeover_report, acted_lsn, 80);
RJ_AT(rj_takeover_report, in_doubt, 88);
RJ_AT(rj_takeover_report, in_doubt_count, 96);
RJ_AT(rj_takeover_report, in_doubt_transactions, 104);
RJ_AT(rj_takeover_report, in_doubt_exact, 112);
RJ_AT(rj_takeover_report, forced, 116);
RJ_AT(rj_takeover_report, effects, 120);
RJ_AT(rj_takeover_report, effect_count, 128);
RJ_AT(rj_takeover_report, cursor, 136);
RJ_AT(rj_takeover_report, text, 144);
RJ_AT(rj_takeover_report, replayed, 152);
RJ_AT(rj_takeover_report, digests_compared, 160);
RJ_AT(rj_takeover_report, silence_ns, 168);
RJ_AT(rj_takeover_report, fence_ns, 176);
RJ_AT(rj_takeover_report, replay_ns, 184);
RJ_AT(rj_takeover_report, open_ns, 192);

RJ_SIZE(rj_checkpoint_saver_options, 40);
RJ_AT(rj_checkpoint_saver_options, struct_size, 0);
RJ_AT(rj_checkpoint_saver_options, trim, 4);
RJ_AT(rj_checkpoint_saver_options, name, 8);
RJ_AT(rj_checkpoint_saver_options, ring_bytes, 16);
RJ_AT(rj_checkpoint_saver_options, writer_generation, 24);
RJ_AT(rj_checkpoint_saver_options, writer_epoch, 28);
RJ_AT(rj_checkpoint_saver_options, save_timeout_ns, 32);

TEST(CLayout, IsWhatProgramsWereCompiledWith) {}  // looked at by the compiler, above

}  // namespace
