# ./dev build: bin/ringjournald, bin/ringjournal and the client libraries; ./dev install: the latter.

dev_build() {
  local started
  started="$(now_ms)"
  mkdir -p "$cache_dir" || fail "cannot create $cache_dir, where builds are kept." \
    "Set XDG_CACHE_HOME to a directory that you may write."
  rj_bazel build --show_result=0 "$@" //server:ringjournald //tools/ringjournal:ringjournal \
    //tools/packaging:client_tree //client/c:libringjournal.so \
    //examples/matching_engine:engine ||
    fail "the build failed; the compiler's messages are above."
  local bazel_bin
  bazel_bin="$(rj_bazel info bazel-bin 2>/dev/null)"
  mkdir -p bin
  copy_program "$bazel_bin/server/ringjournald" bin/ringjournald
  copy_program "$bazel_bin/tools/ringjournal/ringjournal" bin/ringjournal
  install -m 644 "$bazel_bin/tools/packaging/ringjournal-client.tar" bin/ringjournal-client.tar
  copy_program "$bazel_bin/client/c/libringjournal.so" bin/libringjournal.so
  copy_program "$bazel_bin/examples/matching_engine/engine" bin/matching_engine
  say "built bin/ringjournald and bin/ringjournal in $(seconds_since "$started") s"
}

# ./dev install --prefix DIR: headers, static libraries and pkg-config files of the client library.
dev_install() {
  [ $# -eq 2 ] && [ "$1" = --prefix ] && [ -n "$2" ] ||
    fail "install needs a place. Say: ./dev install --prefix DIR, such as --prefix /usr/local"
  local prefix="$2"
  dev_setup
  dev_build
  mkdir -p "$prefix" && tar -xf bin/ringjournal-client.tar -C "$prefix" ||
    fail "cannot write the client library to $prefix." \
      "Give a directory that you may write, or run it as root."
  say "installed the client library. Compile with:"
  say "  g++ x.cc \$(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --cflags --libs ringjournal-client)"
}

# The clients, the network, the disk and the judge of tests/chaos, and where they are.
build_chaos() {
  rj_bazel build --show_result=0 //tests/chaos:chaos_client //tests/chaos:chaos_check \
    //tests/chaos:chaos_proxy //tests/chaos:libchaos_disk.so ||
    fail "the programs of tests/chaos could not be built; the compiler's messages are above."
  RINGJOURNAL_CHAOS_BIN="$(rj_bazel info bazel-bin 2>/dev/null)/tests/chaos"
  export RINGJOURNAL_CHAOS_BIN
}

# Replaces by rename: a copy over a program that runs is refused ("text file busy").
copy_program() {
  install -m 755 "$1" "$2.new"
  mv -f "$2.new" "$2"
}
