// Structured logs: one line per event, key=value, to standard error, never blocking the caller.
//
//   LogEvent(LogLevel::kInfo, "session_opened", {{"session", 17}, {"journal", name}});
//   -> ts=2025-06-01T12:00:00.123456Z level=info event=session_opened session=17 journal=orders
//
// Lines pass a bounded queue (kLogQueueLines) to a writer thread. When it is full the oldest line
// is dropped and counted; when nobody reads standard error, lines are dropped and counted as well,
// and the next line that gets through is preceded by event=log_lines_dropped. Never on the append
// path.
#ifndef SERVER_LOG_LOG_H_
#define SERVER_LOG_LOG_H_

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace ringjournal {

enum class LogLevel { kTrace, kDebug, kInfo, kWarn, kError };

inline constexpr char kLogLevelNames[] = "trace, debug, info, warn, error";
const char* LogLevelText(LogLevel level);
// False, and *level alone, if `text` is none of kLogLevelNames.
bool ParseLogLevel(std::string_view text, LogLevel* level);

// A value by reference: alive until LogEvent returns.
class LogValue {
 public:
  LogValue(const char* text) : value_(std::string_view(text)) {}         // NOLINT: for brevity
  LogValue(std::string_view text) : value_(text) {}                      // NOLINT
  LogValue(const std::string& text) : value_(std::string_view(text)) {}  // NOLINT
  LogValue(bool value) : value_(value) {}                                // NOLINT
  LogValue(double value) : value_(value) {}                              // NOLINT
  template <std::signed_integral T>
  LogValue(T value) : value_(int64_t{value}) {}  // NOLINT
  template <std::unsigned_integral T>
  LogValue(T value) : value_(uint64_t{value}) {}  // NOLINT

  const auto& get() const { return value_; }

 private:
  std::variant<std::string_view, bool, double, int64_t, uint64_t> value_;
};

// Keys are lower-case words with the unit last: bytes, wait_ms. They are not checked or escaped.
struct LogField {
  std::string_view key;
  LogValue value;
};

// Queues one line. `event` is a name like session_opened. From any thread; costs a mutex held for
// the queue only, and an allocation or two. Lines over kLogLineBytesMax are cut. Without InitLog
// the line is written to standard error directly.
void LogEvent(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

// True if events of this level are written: to skip the work of preparing values.
bool LogEnabled(LogLevel level);

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  int fd = 2;  // not owned; need not be non-blocking
};

// Starts the writer thread; call before other threads log, once.
void InitLog(const LogOptions& options);

// Writes what is queued (a reader that has stopped reading costs kLogStalledWaitMs, not for ever)
// and ends the writer thread; call when no other thread logs any more. InitLog may follow.
void ShutdownLog();

// Lines dropped since InitLog: for the metric.
uint64_t LogLinesDropped();

}  // namespace ringjournal

#endif  // SERVER_LOG_LOG_H_
