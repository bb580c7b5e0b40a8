# ./dev scenarios: golden stories and trace hashes, compared or written anew.

# With --rewrite what happens now is written; the diff is for a person to look at.
dev_scenarios() {
  local bin now result=0 committed=tests/cluster_sim/trace_hashes.txt
  dev_setup
  rj_bazel build --show_result=0 //tests/scenarios:tell //tests/cluster_sim:soak ||
    fail "the stories' player could not be built; the compiler's messages are above."
  bin="$(rj_bazel info bazel-bin 2>/dev/null)/tests"
  "$bin/scenarios/tell" "$@" tests/scenarios/*.txt || result=1
  now="$(trace_hashes "$bin/cluster_sim/soak")" || fail "$now
a seed breaks a promise, so its trace is not written down; what it is stands above."
  if [[ " $* " == *" --rewrite "* ]]; then
    printf '%s\n' "$now" >"$committed"
    say "written: $committed"
  elif [ "$now" = "$(cat "$committed")" ]; then
    say "ok - $committed"
  else
    say "not ok - $committed: runs have changed. Where that is meant: ./dev scenarios --rewrite"
    result=1
  fi
  return "$result"
}

# The whole file, as the program makes it.
trace_hashes() {
  say "# Seed and hash of the whole trace of its run (README.md). Made by: ./dev scenarios --rewrite"
  "$1" --hashes --seeds 100
}
