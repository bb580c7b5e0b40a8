// Figures as text for people and as JSON.
#ifndef TOOLS_RINGJOURNAL_BENCH_REPORT_H_
#define TOOLS_RINGJOURNAL_BENCH_REPORT_H_

#include <string>
#include <vector>

#include "tools/ringjournal/bench_rounds.h"

namespace ringjournal::bench {

// Medians over the rounds of one side. Latencies in nanoseconds.
struct Summary {
  double transactions_per_s = 0;
  double payload_mb_per_s = 0;  // 10^6 bytes
  double p50 = 0, p90 = 0, p99 = 0, p999 = 0, p9999 = 0;
  double max = 0;  // the largest of all rounds
  double client_cpu = 0, server_cpu = 0;
  double client_ns = 0, server_ns = 0;  // CPU time of one transaction
  uint64_t compared = 0;                // transactions read back equal, in all rounds
};
Summary Summarise(const std::vector<RoundFigures>& rounds, uint32_t payload_bytes);

// Medians of append divided by floor, pair by pair; 0 without pairs.
double ThroughputRatio(const BenchResult& result);
double MedianLatencyRatio(const BenchResult& result);
// The same of the server's CPU time for a transaction; 0 too if it is not our process.
double ServerCpuRatio(const BenchResult& result);

double Median(std::vector<double> values);

// Machine and settings, a line each.
std::string DescribeSettings(const BenchResult& result);
// The table of figures, and the ratios.
std::string DescribeFigures(const BenchResult& result);
// All of it as one JSON object on one line, 64-bit integers as strings.
std::string ResultJson(const BenchResult& result);

}  // namespace ringjournal::bench

#endif  // TOOLS_RINGJOURNAL_BENCH_REPORT_H_
