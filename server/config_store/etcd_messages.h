// What is said to etcd and what its answers mean: JSON in and out, and the table of outcomes. Pure.
#ifndef SERVER_CONFIG_STORE_ETCD_MESSAGES_H_
#define SERVER_CONFIG_STORE_ETCD_MESSAGES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/config_store/etcd_http.h"

namespace ringjournal {

// ---- requests: paths and bodies ----

inline constexpr char kEtcdRangePath[] = "/v3/kv/range";
inline constexpr char kEtcdTxnPath[] = "/v3/kv/txn";
inline constexpr char kEtcdWatchPath[] = "/v3/watch";
inline constexpr char kEtcdAuthenticatePath[] = "/v3/auth/authenticate";

// Reads the key, linearizably.
std::string EtcdRangeBody(std::string_view key);
// Writes `value` if the key was last written at `mod_revision` (0: if there is no such key), else
// reads the key.
std::string EtcdTxnBody(std::string_view key, int64_t mod_revision, std::string_view value);
std::string EtcdWatchBody(std::string_view key);
std::string EtcdAuthenticateBody(std::string_view user, std::string_view password);

// ---- answers ----

// The key as etcd holds it.
struct EtcdKey {
  bool exists = false;
  int64_t mod_revision = 0;
  std::string value;
};
struct EtcdTxnResult {
  bool succeeded = false;
  int64_t mod_revision = 0;  // succeeded: of the value that was written
  EtcdKey found;             // not succeeded
};
// Nothing where the body is not etcd's answer to that request.
std::optional<EtcdKey> DecodeEtcdRange(std::string_view body, std::string_view key);
std::optional<EtcdTxnResult> DecodeEtcdTxn(std::string_view body, std::string_view key);
std::optional<std::string> DecodeEtcdToken(std::string_view body);

// What an attempt came to.
enum class EtcdVerdict {
  kAnswered,    // HTTP 200
  kNotApplied,  // etcd surely did nothing; another endpoint, or a later time, may do better
  kNoToken,     // etcd surely did nothing: it wants a user's token, or a newer one
  kRefused,     // etcd surely did nothing, and would say the same anywhere
  kUnknown,     // it may have been done, or may be done later
};
struct EtcdJudgement {
  EtcdVerdict verdict = EtcdVerdict::kUnknown;
  int code = 0;     // etcd's own (of gRPC), where it gave one
  std::string why;  // not kAnswered: one clause, printable, cut to kEtcdErrorTextBytesMax
};
// Only what is known to mean "nothing was done" is called so, everything else is unknown. Above all
// "database space exceeded" (429) is unknown: etcd says it before it begins, but also after it has
// applied the write that crossed the limit.
EtcdJudgement JudgeEtcdAnswer(const HttpAnswer& answer);

// ---- the watch ----

// What a watch has told, summed up.
struct EtcdWatchNews {
  bool created = false;          // it stands from now on; what was before is not told
  EtcdKey newest;                // of the changes told; not there: none, or it was deleted
  int64_t mod_revision_max = 0;  // of the changes told, deletions too; 0: none
  bool ended = false;            // canceled, or not understood: begin again
  std::string why;               // ended
};

// Cuts the stream into lines. A line that is longer than kEtcdAnswerBytesMax ends the watch.
class EtcdWatchLines {
 public:
  EtcdWatchNews Take(std::string_view bytes);

 private:
  std::string line_;
};

}  // namespace ringjournal

#endif  // SERVER_CONFIG_STORE_ETCD_MESSAGES_H_
