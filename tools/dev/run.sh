# ./dev run: from a fresh machine to PASS or FAIL.

dev_run() {
  dev_setup
  say "building (minutes the first time, seconds after)"
  dev_build
  python3 examples/postgres/run_postgres.py --bin "$root/bin" "$@" || return
  say "a matching engine and its standby"
  python3 examples/matching_engine/run_engine.py --bin "$root/bin"
}
