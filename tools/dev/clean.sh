# ./dev clean: what was built; --all also the caches.

dev_clean() {
  rm -rf bin
  if [ "${1:-}" = --all ]; then
    rj_bazel clean --expunge || true
    rm -rf "$cache_dir/logs"
    say "removed bin, the build and its caches, and logs"
  else
    rj_bazel clean
    say "removed bin and the build"
  fi
}
