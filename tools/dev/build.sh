# ./dev build: bin/ringjournald and bin/ringjournal.

dev_build() {
  local started
  started="$(now_ms)"
  mkdir -p "$cache_dir" || fail "cannot create $cache_dir, where builds are kept." \
    "Set XDG_CACHE_HOME to a directory that you may write."
  rj_bazel build --show_result=0 "$@" //server:ringjournald //tools/ringjournal:ringjournal ||
    fail "the build failed; the compiler's messages are above."
  local bazel_bin
  bazel_bin="$(rj_bazel info bazel-bin 2>/dev/null)"
  mkdir -p bin
  copy_program "$bazel_bin/server/ringjournald" bin/ringjournald
  copy_program "$bazel_bin/tools/ringjournal/ringjournal" bin/ringjournal
  say "built bin/ringjournald and bin/ringjournal in $(seconds_since "$started") s"
}

# Replaces by rename: a copy over a program that runs is refused ("text file busy").
copy_program() {
  install -m 755 "$1" "$2.new"
  mv -f "$2.new" "$2"
}
