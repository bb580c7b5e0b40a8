# ./dev setup: Debian packages.

packages=(
  # compiler, build
  g++ bazel-bootstrap bazel-platforms bazel-rules-java bazel-rules-proto bazel-skylib
  # libraries
  liburing-dev libprotobuf-dev protobuf-compiler libprotoc-dev libabsl-dev libisal-dev
  libxxhash-dev libspdlog-dev libfmt-dev libcli11-dev libtomlplusplus-dev libzstd-dev
  libcurl4-openssl-dev
  # tests, checks
  libgtest-dev libgmock-dev libbenchmark-dev clang-14 clang-format clang-tidy libclang-rt-14-dev
  pkgconf python3 python3-protobuf iproute2 procps valgrind git zsh fish
  etcd-server openssl nftables libtcmalloc-minimal4
  # the demonstration
  postgresql-15 postgresql-client-15
)

missing_packages() {
  local installed package
  installed=" $(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' 2>/dev/null |
    awk '$1 == "ii" { printf "%s ", $2 }')"
  for package in "${packages[@]}"; do
    [[ "$installed" == *" $package "* ]] || printf '%s\n' "$package"
  done
}

# Prints what to put in front of apt-get: nothing, or sudo that needs no password.
privilege() {
  if [ "$(id -u)" -eq 0 ]; then
    return 0
  fi
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    printf 'sudo -n'
    return 0
  fi
  return 1
}

dev_setup() {
  command -v dpkg-query >/dev/null || fail "this is not a Debian system: dpkg-query is missing." \
    "ringjournal is built from Debian 12's packages; use a Debian 12 machine or container."
  local missing
  mapfile -t missing < <(missing_packages)
  [ "${#missing[@]}" -gt 0 ] || return 0
  local as_root
  as_root="$(privilege)" || fail "these packages are missing and only root can install them:" \
    "${missing[*]}." \
    "Run './dev setup' as root, or: apt-get install --no-install-recommends ${missing[*]}"
  say "installing ${#missing[@]} packages: ${missing[*]}"
  local started log
  started="$(now_ms)"
  log="$(mktemp)"
  # shellcheck disable=SC2086  # empty, or two words
  if ! {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 update &&
      $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
        -o Dpkg::Use-Pty=0 install --no-install-recommends "${missing[@]}"
  } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "apt-get could not install the packages (its last lines are above, all of them in $log)." \
      "Check the network and the package sources (Debian 12, bookworm), then run it again."
  fi
  rm -f "$log"
  say "packages installed in $(seconds_since "$started") s"
}
