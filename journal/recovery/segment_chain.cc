#include "journal/recovery/segment_chain.h"

#include <algorithm>

namespace ringjournal {
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
  if (head.is_readable()) head.oldest_index = Index(scan.description.state().oldest_index());
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
  return link + 1 < links.size() ? links[link + 1].name.first_index : Index(0);
}

}  // namespace ringjournal
