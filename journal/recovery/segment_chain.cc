#include "journal/recovery/segment_chain.h"

#include <algorithm>

namespace ringjournal {
namespace {

bool GroupStartsAt(ByteSpan bytes, uint64_t offset, const SegmentOpener& opener) {
  GroupHeader header;
  return offset < bytes.size() && DecodeGroupHeader(bytes.subspan(offset), &header) &&
         BelongsAt(header, opener, offset);
}

}  // namespace

SegmentHead ReadSegmentHead(ByteSpan bytes, const SegmentName& name, const JournalId& journal) {
  ScanOptions options;
  options.name = name;
  options.journal = journal;
  SegmentScan scan = ScanDescription(bytes, options);
  SegmentHead head;
  head.name = name;
  head.verdict = scan.verdict;
  head.sentence = std::move(scan.sentence);
  head.before = scan.position;
  head.size_bytes = bytes.size();
  head.has_groups = scan.verdict == SegmentVerdict::kDamaged;
  if (head.is_readable()) {
    head.oldest_index = Index(scan.description.state().oldest_index());
    head.has_groups = GroupStartsAt(bytes, scan.end_offset, name.opener) ||
                      FindLaterGroups(bytes, scan.end_offset, name.opener).any;
  }
  return head;
}

SegmentChain BuildChain(std::vector<SegmentHead> heads) {
  std::sort(heads.begin(), heads.end(), [](const SegmentHead& a, const SegmentHead& b) {
    return a.name.opener < b.name.opener;
  });
  SegmentChain chain;
  for (SegmentHead& head : heads) {
    // From its base on the later-opened one wins.
    while (!chain.links.empty() && chain.links.back().name.first_index >= head.name.first_index) {
      chain.superseded.push_back(std::move(chain.links.back()));
      chain.links.pop_back();
    }
    chain.links.push_back(std::move(head));
  }
  return chain;
}

Index KnownDurableBefore(std::span<const SegmentHead> links, size_t link) {
  for (size_t i = links.size(); i-- > link + 1;) {
    if (links[i].has_groups) return links[i].name.first_index;
  }
  return Index(0);
}

}  // namespace ringjournal
