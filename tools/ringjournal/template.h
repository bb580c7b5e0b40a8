// Output formats of one's own: --format '%o %T %k %s\n'.
#ifndef TOOLS_RINGJOURNAL_TEMPLATE_H_
#define TOOLS_RINGJOURNAL_TEMPLATE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client/read_transaction.h"

namespace ringjournal::cli {

// A text with places for what a transaction is; letters as in kcat where there is one.
class Template {
 public:
  // InvalidArgument names the place that means nothing. Escapes: \n \t \r \0 \\ \xHH, %% for %.
  static absl::StatusOr<Template> Parse(std::string_view text);

  void Append(const client::ReadTransaction& transaction, std::string* out) const;

 private:
  struct Piece {
    char place = 0;  // 0: `text` as it is
    std::string text;
  };
  std::vector<Piece> pieces_;
};

// For --help: the letters.
extern const char kTemplateHelp[];

}  // namespace ringjournal::cli

#endif  // TOOLS_RINGJOURNAL_TEMPLATE_H_
