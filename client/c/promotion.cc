#include "client/c/promotion.h"

#include <utility>

#include "client/c/boundary.h"
#include "client/c/convert.h"
#include "client/c/in_callback.h"

namespace ringjournal::client::c {
namespace {

rj_takeover_report WholeReportOf(const rj_promotion& p) {
  rj_takeover_report out = ReportOf(p.promotion.report);
  out.in_doubt = p.in_doubt.data();
  out.in_doubt_count = p.in_doubt.size();
  out.effects = p.effects.data();
  out.effect_count = p.effects.size();
  out.cursor = p.cursor.c_str();
  out.text = p.text.c_str();
  return out;
}

absl::Status GetReport(const rj_promotion* promotion, rj_takeover_report* report) {
  absl::Status status =
      FirstOf(CheckNotNull("promotion", promotion), CheckNotNull("report", report));
  if (status.ok()) status = CheckFillable("report", report);
  if (!status.ok()) return status;
  GiveStruct(WholeReportOf(*promotion), report);
  return absl::OkStatus();
}

absl::Status TakeWriter(rj_promotion* promotion, rj_active_writer** writer) {
  if (absl::Status status = CheckNotNull("writer", writer); !status.ok()) return status;
  *writer = nullptr;
  if (absl::Status status = CheckNotNull("promotion", promotion); !status.ok()) return status;
  if (promotion->writer == nullptr) {
    return InvalidArgument("promotion",
                           "it has no writer: that was taken already, or the takeover was to open "
                           "none (no_writer)");
  }
  *writer = promotion->writer.release();
  return absl::OkStatus();
}

absl::Status Close(rj_promotion* promotion) {
  if (promotion == nullptr) return absl::OkStatus();
  absl::Status status = CheckMayWait("rj_promotion_close", promotion->writer.get());
  if (status.ok()) delete promotion;
  return status;
}

}  // namespace

std::unique_ptr<rj_promotion> NewPromotion(Promotion promotion,
                                           std::unique_ptr<rj_active_writer> writer) {
  auto made = std::make_unique<rj_promotion>();
  made->promotion = std::move(promotion);
  Promotion& p = made->promotion;
  if (p.writer != nullptr) {
    made->writer = std::move(writer);
    made->writer->writer = std::move(p.writer);
  }
  for (const LsnRange& range : p.report.in_doubt) {
    made->in_doubt.push_back({range.first.value(), range.last.value()});
  }
  for (const Effect& effect : p.effects) {
    made->effects.push_back({effect.lsn.value(), BytesOf(effect.bytes)});
  }
  made->cursor = CursorText(p.boundary);
  made->text = ReportText(p.report);
  return made;
}

}  // namespace ringjournal::client::c

namespace c = ringjournal::client::c;

rj_code rj_promotion_get_report(const rj_promotion* promotion, rj_takeover_report* report,
                                rj_error* error) {
  return c::Guarded(error, [&] { return c::GetReport(promotion, report); });
}

rj_code rj_promotion_take_writer(rj_promotion* promotion, rj_active_writer** writer,
                                 rj_error* error) {
  return c::Guarded(error, [&] { return c::TakeWriter(promotion, writer); });
}

rj_code rj_promotion_close(rj_promotion* promotion, rj_error* error) {
  return c::Guarded(error, [&] { return c::Close(promotion); });
}
