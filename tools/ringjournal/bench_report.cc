#include "tools/ringjournal/bench_report.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "journal/base/units.h"
#include "tools/ringjournal/json.h"

namespace ringjournal::bench {
namespace {

template <class Get>
double MedianOf(const std::vector<RoundFigures>& rounds, Get get) {
  std::vector<double> values;
  values.reserve(rounds.size());
  for (const RoundFigures& r : rounds) values.push_back(get(r));
  return Median(std::move(values));
}

double MedianPercentile(const std::vector<RoundFigures>& rounds, double percent) {
  return MedianOf(rounds, [percent](const RoundFigures& r) {
    return static_cast<double>(r.load.latency.PercentileNs(percent));
  });
}

template <class Get>
double MedianRatio(const BenchResult& result, Get get) {
  std::vector<double> ratios;
  size_t pairs = std::min(result.floor.size(), result.server.size());
  for (size_t i = 0; i < pairs; ++i) {
    double floor = get(result.floor[i]);
    if (floor > 0) ratios.push_back(get(result.server[i]) / floor);
  }
  return Median(std::move(ratios));
}

std::string CpuText(double processors) {
  return processors < 0 ? "-" : absl::StrFormat("%.0f %%", processors * 100);
}

std::string SummaryLine(const char* name, const Summary& s) {
  return absl::StrFormat("%-8s%9.3f%9.1f%9.1f%9.1f%9.1f%9.1f%9.1f%9.1f%8s%8s%9.1f%9.1f%11d\n", name,
                         s.transactions_per_s / 1e6, s.payload_mb_per_s, s.p50 / 1e3, s.p90 / 1e3,
                         s.p99 / 1e3, s.p999 / 1e3, s.p9999 / 1e3, s.max / 1e3,
                         CpuText(s.client_cpu), CpuText(s.server_cpu), s.client_ns, s.server_ns,
                         s.compared);
}

std::string LengthText(const BenchSettings& s) {
  if (s.duration_ns > 0) return FormatDurationNs(s.duration_ns) + " a round";
  return absl::StrFormat("%d transactions a round", s.transactions);
}

std::string SummaryJson(const Summary& s) {
  return absl::StrFormat(
      "{\"transactionsPerS\":%.0f,\"payloadMbPerS\":%.1f,\"latencyNs\":{\"p50\":%.0f,\"p90\":%.0f,"
      "\"p99\":%.0f,\"p99.9\":%.0f,\"p99.99\":%.0f,\"max\":%.0f},\"clientCpu\":%.3f,"
      "\"serverCpu\":%.3f,\"clientCpuNsPerTransaction\":%.1f,\"serverCpuNsPerTransaction\":%.1f,"
      "\"comparedTransactions\":\"%d\"}",
      s.transactions_per_s, s.payload_mb_per_s, s.p50, s.p90, s.p99, s.p999, s.p9999, s.max,
      s.client_cpu, s.server_cpu, s.client_ns, s.server_ns, s.compared);
}

std::string SettingsJson(const BenchSettings& s) {
  return absl::StrFormat(
      "{\"payloadBytes\":%d,\"batch\":%d,\"connections\":%d,\"window\":%d,\"level\":%s,"
      "\"busyPoll\":%s,\"encodingClient\":%s,\"transactions\":\"%d\",\"durationNs\":\"%d\","
      "\"warmupTransactions\":\"%d\",\"writeBytes\":\"%d\",\"ringBytes\":\"%d\",\"fitsRing\":%s,"
      "\"memoryOnly\":%s,"
      "\"rounds\":%d}",
      s.payload_bytes, s.batch, s.connections, s.window,
      cli::JsonString(std::string(client::LevelName(s.level))), s.busy_poll ? "true" : "false",
      s.encode ? "true" : "false", s.transactions, s.duration_ns, s.warmup_transactions,
      s.write_bytes, s.ring_bytes, s.fits_ring() ? "true" : "false",
      s.memory_only ? "true" : "false", s.rounds);
}

std::string MachineJson(const BenchResult& r) {
  const MachineFacts& m = r.machine;
  return absl::StrFormat(
      "{\"processors\":%d,\"model\":%s,\"kernel\":%s,\"governor\":%s,\"loadAverage\":%.2f,"
      "\"serverProcessor\":%d,\"clientProcessor\":%d}",
      m.processors, cli::JsonString(m.model), cli::JsonString(m.kernel),
      cli::JsonString(m.governor), m.load_average, r.cpus.server, r.cpus.client);
}

}  // namespace

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

Summary Summarise(const std::vector<RoundFigures>& rounds, uint32_t payload_bytes) {
  Summary s;
  s.transactions_per_s =
      MedianOf(rounds, [](const RoundFigures& r) { return r.load.transactions_per_s(); });
  s.payload_mb_per_s = s.transactions_per_s * payload_bytes / 1e6;
  s.p50 = MedianPercentile(rounds, 50);
  s.p90 = MedianPercentile(rounds, 90);
  s.p99 = MedianPercentile(rounds, 99);
  s.p999 = MedianPercentile(rounds, 99.9);
  s.p9999 = MedianPercentile(rounds, 99.99);
  s.client_cpu = MedianOf(rounds, [](const RoundFigures& r) { return r.client_cpu; });
  s.server_cpu = MedianOf(rounds, [](const RoundFigures& r) { return r.server_cpu; });
  s.client_ns = MedianOf(rounds, [](const RoundFigures& r) { return r.client_ns(); });
  s.server_ns = MedianOf(rounds, [](const RoundFigures& r) { return r.server_ns(); });
  for (const RoundFigures& r : rounds) {
    s.max = std::max(s.max, static_cast<double>(r.load.latency.max_ns()));
    s.compared += r.compared;
  }
  return s;
}

double ThroughputRatio(const BenchResult& result) {
  return MedianRatio(result, [](const RoundFigures& r) { return r.load.transactions_per_s(); });
}

double MedianLatencyRatio(const BenchResult& result) {
  return MedianRatio(result, [](const RoundFigures& r) {
    return static_cast<double>(r.load.latency.PercentileNs(50));
  });
}

double ServerCpuRatio(const BenchResult& result) {
  return MedianRatio(result, [](const RoundFigures& r) { return r.server_ns(); });
}

std::string DescribeSettings(const BenchResult& r) {
  const BenchSettings& s = r.settings;
  const MachineFacts& m = r.machine;
  std::string text = absl::StrFormat(
      "machine  %d processors (%s), kernel %s, governor %s, load average %.2f before the run\n",
      m.processors, m.model, m.kernel, m.governor, m.load_average);
  absl::StrAppendFormat(&text,
                        "load     payload %d B, batch %d, connections %d, in flight %d, level %s, "
                        "%s, %s client, sends of %s at most\n",
                        s.payload_bytes, s.batch, s.connections, s.window,
                        std::string(client::LevelName(s.level)),
                        s.busy_poll ? "busy-polling both sides" : "blocking",
                        s.encode ? "encoding" : "pre-encoded", FormatBytes(s.write_bytes));
  absl::StrAppendFormat(&text, "         %s, %d rounds, warm-up %d transactions, ring %s: %s%s\n",
                        LengthText(s), s.rounds, s.warmup_transactions, FormatBytes(s.ring_bytes),
                        s.fits_ring() ? "a burst that fits" : "sustained",
                        s.memory_only ? ", memory only" : "");
  if (r.cpus.server < 0) return text + "         processors not pinned\n";
  absl::StrAppendFormat(&text, "         server on processor %d%s, client on %d\n", r.cpus.server,
                        s.server.empty() ? "" : " (the floor; a running server is not moved)",
                        r.cpus.client);
  return text;
}

std::string DescribeFigures(const BenchResult& r) {
  std::string text = absl::StrFormat("%-8s%9s%9s%9s%9s%9s%9s%9s%9s%8s%8s%9s%9s%11s\n", "", "M tx/s",
                                     "MB/s", "p50 us", "p90", "p99", "p99.9", "p99.99", "max",
                                     "client", "server", "ns/tx", "ns/tx", "compared");
  uint32_t payload = r.settings.payload_bytes;
  if (!r.floor.empty()) text += SummaryLine("floor", Summarise(r.floor, payload));
  if (!r.server.empty()) text += SummaryLine("append", Summarise(r.server, payload));
  if (r.floor.empty() || r.server.empty()) return text;
  absl::StrAppendFormat(&text,
                        "append / floor = %.2f throughput, %.2f p50 latency, %.2f server CPU for a "
                        "transaction\n",
                        ThroughputRatio(r), MedianLatencyRatio(r), ServerCpuRatio(r));
  return text;
}

std::string ResultJson(const BenchResult& r) {
  std::vector<std::string> fields = {
      absl::StrCat("\"machine\":", MachineJson(r)),
      absl::StrCat("\"settings\":", SettingsJson(r.settings)),
  };
  uint32_t payload = r.settings.payload_bytes;
  if (!r.floor.empty()) {
    fields.push_back(absl::StrCat("\"floor\":", SummaryJson(Summarise(r.floor, payload))));
  }
  if (!r.server.empty()) {
    fields.push_back(absl::StrCat("\"append\":", SummaryJson(Summarise(r.server, payload))));
  }
  if (!r.floor.empty() && !r.server.empty()) {
    fields.push_back(
        absl::StrFormat("\"throughputRatio\":%.4f,\"p50Ratio\":%.4f,"
                        "\"serverCpuRatio\":%.4f",
                        ThroughputRatio(r), MedianLatencyRatio(r), ServerCpuRatio(r)));
  }
  return absl::StrCat("{", absl::StrJoin(fields, ","), "}");
}

}  // namespace ringjournal::bench
