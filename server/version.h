// The version that this source is; CHANGELOG.md says what it brings.
#ifndef SERVER_VERSION_H_
#define SERVER_VERSION_H_

namespace ringjournal {

inline constexpr char kServerVersion[] = "0.1.0";

}  // namespace ringjournal

#endif  // SERVER_VERSION_H_
