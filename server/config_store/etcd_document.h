// What a process has seen of the config document in etcd, and whether what etcd says now may follow
// it. Pure.
#ifndef SERVER_CONFIG_STORE_ETCD_DOCUMENT_H_
#define SERVER_CONFIG_STORE_ETCD_DOCUMENT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/config.pb.h"
#include "server/config_store/etcd_messages.h"

namespace ringjournal {

// The value under the key: magic "RJCONFZ1", CRC32C u32 of the rest, then one zstd frame of what
// slot_format.h lays out (sequence 0). A hundred journals are an eighth of their size so, and each
// change goes through JSON, base64 and every member of etcd. A slot that is not compressed, as
// earlier versions wrote it, is read as well.
std::string EncodeEtcdValue(const v1::ConfigDocument& document);

// A document with the revision that compare-and-swap compares.
struct EtcdDocument {
  v1::ConfigDocument document;
  int64_t mod_revision = 0;
};

// Etcd keeps what it was given, and still it may come to hold less: restored from an older
// snapshot, set up anew, the key deleted or overwritten by hand. Nothing is ever written over that.
class EtcdSeen {
 public:
  // `key` is for the messages.
  explicit EtcdSeen(std::string key) : key_(std::move(key)) {}

  // Version 0: nothing seen yet.
  const EtcdDocument& newest() const { return newest_; }
  uint64_t version() const { return newest_.document.version(); }

  // Takes what etcd answered to a request that was sent when `floor` was the newest version seen:
  // answers overtake each other, so a later one may be older than what is known by now.
  // NotFound: no such key, and none was ever seen. Unimplemented: a newer program wrote it.
  // DataLoss: damaged, gone, older than `floor`, another cluster's, or another document of a
  // version that was seen. Each says what, why, and what to do next.
  absl::StatusOr<EtcdDocument> Admit(const EtcdKey& found, uint64_t floor);
  // What this process has written itself.
  void Wrote(const EtcdDocument& written);

 private:
  absl::StatusOr<v1::ConfigDocument> Decode(std::string_view value) const;
  absl::Status Compare(const v1::ConfigDocument& document, uint64_t floor) const;
  absl::Status Lost(std::string_view what) const;

  std::string key_;
  EtcdDocument newest_;
  std::string newest_value_;  // as etcd gave it; empty: it did not yet
};

}  // namespace ringjournal

#endif  // SERVER_CONFIG_STORE_ETCD_DOCUMENT_H_
