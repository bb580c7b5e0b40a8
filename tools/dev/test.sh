# ./dev test: every phase, a line for each, and the sum as the last line.

test_phases=(build lint unit asan e2e)
# Whose unit tests also run under sanitizers: the core, the client, and everything that decodes foreign
# bytes.
asan_folders=(journal client server/session server/config_store tests/etcd)
# Script tests print "ok - name" or "not ok - name" for each check (docs/testing.md).
script_tests=(tests/*/*_test.sh tests/*/*_test.py examples/*/*_test.sh examples/*/*_test.py)
script_timeout_s=900

dev_test() {
  local phases=("$@") phase
  [ ${#phases[@]} -gt 0 ] || phases=("${test_phases[@]}")
  for phase in "${phases[@]}"; do
    [[ " ${test_phases[*]} " == *" $phase "* ]] ||
      fail "there is no test phase '$phase'. There are: ${test_phases[*]}"
  done
  log_dir="${RINGJOURNAL_LOG_DIR:-$cache_dir/logs}/test-$(date +%Y%m%d-%H%M%S)-$$"
  mkdir -p "$log_dir" || fail "cannot create $log_dir for the logs. Set RINGJOURNAL_LOG_DIR."
  say "logs in $log_dir"
  dev_setup
  total_passed=0
  total_failed=0
  for phase in "${phases[@]}"; do
    run_phase "$phase"
  done
  say "$total_passed passed, $total_failed failed"
  [ "$total_failed" -eq 0 ]
}

# Runs phase_NAME with its output in a log and adds up what the log and the test results say.
run_phase() {
  local name="$1" started result=0 counts passed failed
  local log="$log_dir/$name.log" events="$log_dir/$name.events"
  started="$(now_ms)"
  # In a shell of its own, so that `set -e` holds inside although the result is looked at here.
  set +e
  (
    set -e
    "phase_$name" "$events"
  ) >"$log" 2>&1
  result=$?
  set -e
  counts="$(python3 tools/dev/test_report.py --phase "$name" --log "$log" --events "$events" \
    --exit-code "$result" --failures "$log_dir/$name.failures")" || counts="0 1"
  read -r passed failed <<<"$counts"
  total_passed=$((total_passed + passed))
  total_failed=$((total_failed + failed))
  printf '%-6s %6s passed, %s failed, %s s\n' "$name" "$passed" "$failed" "$(seconds_since "$started")"
  if [ "$failed" -gt 0 ]; then
    sed 's/^/    /' "$log_dir/$name.failures" 2>/dev/null || true
    say "    all of it: $log"
  fi
}

phase_build() {
  dev_build
  # Everything else that ought to compile, so that nothing rots.
  rj_bazel build --show_result=0 --keep_going //...
  say "ok - build"
}

phase_lint() { dev_lint; }

phase_unit() {
  rj_bazel test --keep_going --build_event_json_file="$1" --test_tag_filters=-soak //...
}

phase_asan() {
  # Whole simulated clusters, whose traces must be those of the ordinary build.
  local folder targets=(//tests/sanitizer:canary_test //tests/cluster_sim:trace_hashes_test)
  for folder in "${asan_folders[@]}"; do
    [ -z "$(find "$folder" -name BUILD.bazel -print -quit 2>/dev/null)" ] || targets+=("//$folder/...")
  done
  rj_bazel test --keep_going --config=asan --build_event_json_file="$1" \
    --test_tag_filters=-soak "${targets[@]}"
}

phase_e2e() {
  local script result=0
  dev_build  # by itself, too, this phase is about the sources as they are
  build_chaos
  for script in "${script_tests[@]}"; do
    # The lint's own test belongs to the lint phase.
    if [ ! -x "$script" ] || [[ "$script" == tests/lint/* ]]; then continue; fi
    say "== $script"
    RINGJOURNAL_BIN="$root/bin" timeout -k 10 "$script_timeout_s" "$script" || {
      say "not ok - $script ended with exit code $?"
      result=1
    }
  done
  return "$result"
}
