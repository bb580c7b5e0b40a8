#include "tools/ringjournal/pace.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace ringjournal::cli {

absl::StatusOr<Pace> Pace::Parse(std::string_view text) {
  Pace pace;
  if (text == "max") return pace;
  if (text == "original") {
    pace.factor_ = 1;
    return pace;
  }
  std::string number(text.substr(std::min<size_t>(1, text.size())));
  bool digits = !number.empty() && number.find_first_not_of("0123456789.") == std::string::npos;
  bool fits = text.starts_with('x') && digits && absl::SimpleAtod(number, &pace.factor_);
  if (!fits || !std::isfinite(pace.factor_) || pace.factor_ < 1e-6 || pace.factor_ > 1e9) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", std::string(text),
                     "' is no pace: write original, max, or x and a factor, such as x10 or x0.5"));
  }
  return pace;
}

int64_t Pace::WaitNs(uint64_t log_time_ns, int64_t now_ns) {
  if (factor_ == 0) return 0;
  if (!begun_) {
    begun_ = true;
    first_log_time_ns_ = log_time_ns;
    begin_ns_ = now_ns;
  }
  if (log_time_ns <= first_log_time_ns_) return 0;
  double wanted_ns = static_cast<double>(log_time_ns - first_log_time_ns_) / factor_;
  double left_ns = wanted_ns - static_cast<double>(now_ns - begin_ns_);
  constexpr double kMaxNs = 1e18;
  return left_ns <= 0 ? 0 : static_cast<int64_t>(std::min(left_ns, kMaxNs));
}

}  // namespace ringjournal::cli
