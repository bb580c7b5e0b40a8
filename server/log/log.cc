#include "server/log/log.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "journal/base/check.h"
#include "journal/base/limits.h"
#include "server/log/format.h"
#include "server/log/stderr_sink.h"

namespace ringjournal {
namespace {

constexpr std::array<const char*, 5> kNames = {"trace", "debug", "info", "warn", "error"};

// All that InitLog makes. The pool's destructor writes what is queued.
struct Log {
  std::shared_ptr<spdlog::details::thread_pool> pool;
  std::shared_ptr<StderrSink> sink;
  std::shared_ptr<spdlog::async_logger> logger;
};

// A plain pointer, so that nothing is destroyed behind the back of a thread that still logs at
// exit.
Log* g_log = nullptr;
std::atomic<LogLevel> g_level{LogLevel::kInfo};
std::atomic<uint64_t> g_dropped_before_shutdown{0};

std::unique_ptr<spdlog::formatter> MakeFormatter() {
  return std::make_unique<spdlog::pattern_formatter>("ts=%Y-%m-%dT%H:%M:%S.%fZ %v",
                                                     spdlog::pattern_time_type::utc);
}

// Lines are written as they were queued; the level is in the text and was judged before.
void WriteDirectly(const std::string& line) {
  StderrSink sink(2, [] { return uint64_t{0}; });
  sink.set_formatter(MakeFormatter());
  sink.log(spdlog::details::log_msg("", spdlog::level::info, line));
}

}  // namespace

const char* LogLevelText(LogLevel level) { return kNames[static_cast<size_t>(level)]; }

bool ParseLogLevel(std::string_view text, LogLevel* level) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (text != kNames[i]) continue;
    *level = static_cast<LogLevel>(i);
    return true;
  }
  return false;
}

bool LogEnabled(LogLevel level) { return level >= g_level.load(std::memory_order_relaxed); }

void LogEvent(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (!LogEnabled(level)) return;
  const std::string line = FormatEvent(level, event, fields);
  if (g_log == nullptr) {
    WriteDirectly(line);
  } else {
    g_log->logger->log(spdlog::level::info, line);
  }
}

void InitLog(const LogOptions& options) {
  RJ_CHECK(g_log == nullptr);
  auto pool = std::make_shared<spdlog::details::thread_pool>(limits::kLogQueueLines, 1);
  // The sink lives no longer than the pool's writer thread uses it, so the plain pointer is safe.
  auto sink = std::make_shared<StderrSink>(
      options.fd, [queue = pool.get()] { return uint64_t{queue->overrun_counter()}; });
  auto logger = std::make_shared<spdlog::async_logger>(
      "ringjournal", sink, pool, spdlog::async_overflow_policy::overrun_oldest);
  logger->set_level(spdlog::level::trace);
  logger->set_formatter(MakeFormatter());
  g_level.store(options.level, std::memory_order_relaxed);
  g_dropped_before_shutdown.store(0, std::memory_order_relaxed);
  g_log = new Log{std::move(pool), std::move(sink), std::move(logger)};
}

void ShutdownLog() {
  if (g_log == nullptr) return;
  Log* log = std::exchange(g_log, nullptr);
  const uint64_t overrun = log->pool->overrun_counter();
  log->logger.reset();
  log->pool.reset();  // joins the writer thread
  g_dropped_before_shutdown.store(overrun + log->sink->lines_not_taken());
  delete log;
}

uint64_t LogLinesDropped() {
  if (g_log == nullptr) return g_dropped_before_shutdown.load();
  return g_log->pool->overrun_counter() + g_log->sink->lines_not_taken();
}

}  // namespace ringjournal
