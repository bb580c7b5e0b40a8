# ./dev run: from a fresh machine to PASS or FAIL.

dev_run() {
  dev_setup
  say "building (minutes the first time, seconds after)"
  dev_build
  local result=0
  python3 examples/postgres/run_postgres.py --bin "$root/bin" "$@" || result=$?
  stop_bazel_in_ci
  return "$result"
}
