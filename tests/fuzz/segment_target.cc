// A segment file: the recovery's scan, and the read path over the same bytes.
#include "journal/base/check.h"
#include "journal/segment/record_stream.h"
#include "journal/segment/segment_scan.h"
#include "journal/segment/test_segment.h"
#include "tests/fuzz/mend.h"
#include "tests/fuzz/target.h"

namespace ringjournal::fuzz {
namespace {

SegmentScan ScanOnce(ByteSpan file, const ScanOptions& options) {
  uint64_t visited = 0;
  const SegmentScan scan = ScanSegment(file, options, [&](const RecordView& view) {
    ++visited;
    RJ_CHECK(view.record.data() >= file.data());
    RJ_CHECK(view.record.data() + view.record.size() <= file.data() + file.size());
  });
  RJ_CHECK(visited == scan.entries);
  RJ_CHECK(scan.end_offset <= file.size());
  // A cut file may have lost the rest of the group that its header announced.
  RJ_CHECK(scan.bytes_lost <= file.size() - scan.end_offset + UINT32_MAX);
  RJ_CHECK(scan.group_places.size() <= scan.groups + 1);
  RJ_CHECK(!scan.sentence.empty());
  const SegmentOutline outline = OutlineSegment(file, options);
  RJ_CHECK(outline.groups <= file.size() / limits::kBlockBytes + 1);
  return scan;
}

// Reads what the scan found valid, in chunks, and must find the same entries.
void ReadBack(ByteSpan file, const SegmentScan& scan) {
  RecordStream stream({.opener = OpenerOf(scan.description),
                       .offset = 0,
                       .next_index = Index(scan.description.first_index()),
                       .end_index = scan.position.next_index});
  uint64_t entries = 0;
  size_t chunk_bytes = 5000;
  while (stream.offset() < file.size()) {
    const uint64_t before = stream.offset();
    ByteSpan chunk = file.subspan(before, std::min<uint64_t>(chunk_bytes, file.size() - before));
    RecordRun run;
    while ((run = stream.Next(&chunk)).state == RecordRun::State::kRecords) {
      entries += run.end.value() - run.first.value();
    }
    if (run.state != RecordRun::State::kNeedMore) break;
    if (stream.offset() > before) continue;
    if (chunk_bytes >= file.size() - before) break;
    chunk_bytes = std::max<size_t>(chunk_bytes * 2, run.need_bytes);
  }
  RJ_CHECK(entries >= scan.entries);
}

std::string DecodeOnce(ByteSpan file) {
  ScanOptions options;
  const SegmentScan free_scan = ScanOnce(file, options);
  if (free_scan.entries > 0) ReadBack(file, free_scan);
  options.name = SegmentName{TestSegment::Journal(), Index(1), {Incarnation(3), 1}};
  options.known_durable_offset = file.size() / 2;
  options.stop_before = Index(3);
  ScanOnce(file, options);
  return SegmentVerdictText(free_scan.verdict);
}

}  // namespace

std::string Decode(ByteSpan input) {
  const std::string verdict = DecodeOnce(input);
  std::string mended(AsView(input));
  MendSegment(&mended);
  const std::string behind = DecodeOnce(AsBytes(mended));
  return behind == verdict ? verdict : verdict + " mended " + behind;
}

std::vector<std::string> Seeds() {
  TestLog log;
  TestSegment open(&log);
  open.Group({0, 10, 7}, 0).Group({40}, open.bytes.size());
  TestSegment closed = open;
  closed.Close();
  std::string torn = open.bytes, damaged = closed.bytes, misdescribed = closed.bytes;
  torn[torn.find("d") + 1] ^= 1;  // in some body or header
  torn[8192 + 90] ^= 1;
  damaged[4096 + 100] ^= 1;
  misdescribed[20] ^= 1;
  return {"",
          open.bytes,
          closed.bytes,
          torn,
          damaged,
          misdescribed,
          std::string(4096, '\0'),
          "no segment at all",
          open.bytes.substr(0, 5000),
          open.bytes + std::string(4096, '\0')};
}

}  // namespace ringjournal::fuzz
