# ./dev bench and ./dev soak.

dev_bench() {
  [ -x bin/ringjournal ] || { dev_setup && dev_build; }
  [ $# -gt 0 ] || set -- goals
  bin/ringjournal bench "$@"
}

# A soak is a program under tests/ that runs as long as it is told to.
dev_soak() {
  local name="${1:-}" script
  [ $# -eq 0 ] || shift
  case "$name" in
    mutants) dev_soak_mutants "$@" ;;
    trace-hashes) dev_soak_trace_hashes "$@" ;;
    # Several nodes; one node has its own.
    sim | cluster) name=cluster && set -- --jobs "$(nproc)" --commit "$(commit_name)" "$@" ;;
    node) name=sim ;;
  esac
  [ -z "$name" ] || [ ! -d "tests/${name}_sim" ] || name="${name}_sim"
  [ -z "$name" ] || [ ! -d "tests/small_$name" ] || name="small_$name"
  for script in "tests/$name/soak.sh" "tests/$name/soak.py" "tests/soak/$name.sh" "tests/soak/$name.py"; do
    if [ -n "$name" ] && [ -x "$script" ]; then
      dev_setup
      [ "$name" != fuzz ] || dev_run_fuzz "$@"
      dev_build
      [ "$name" != chaos ] || build_chaos
      RINGJOURNAL_BIN="$root/bin" exec "$script" "$@"
    fi
  done
  if [ -n "$name" ] && [ -f "tests/$name/BUILD.bazel" ] && grep -q '"soak"' "tests/$name/BUILD.bazel"; then
    dev_setup
    rj_bazel build "//tests/$name:soak"
    LD_PRELOAD="$(fast_allocator)" exec "$(rj_bazel info bazel-bin 2>/dev/null)/tests/$name/soak" "$@"
  fi
  fail "there is no soak named '$name'. There are: $(list_soaks)"
}

# Fuzzing is built by clang, in an output base of its own: Bazel knows one compiler in each.
dev_run_fuzz() {
  local name fuzz_targets=() bazel_bin
  for name in $(sed -n 's/^rj_fuzz(name = "\([a-z_]*\)".*/\1/p' tests/fuzz/BUILD.bazel); do
    fuzz_targets+=("//tests/fuzz:${name}_fuzz" "//tests/fuzz:${name}_write")
  done
  output_base="$output_base-fuzz"
  say "building the fuzzers with clang (minutes the first time)"
  rj_bazel build --config=fuzz --show_result=0 "${fuzz_targets[@]}" ||
    fail "the fuzzers could not be built; the compiler's messages are above."
  bazel_bin="$(rj_bazel info --config=fuzz bazel-bin 2>/dev/null)"
  RINGJOURNAL_FUZZ_BIN="$bazel_bin/tests/fuzz" exec tests/fuzz/soak.py "$@"
}

# Rules broken on purpose, one by one: fails if no checker of the simulated cluster notices.
dev_soak_mutants() {
  dev_setup
  rj_bazel build --show_result=0 //tests/cluster_sim:mutants_soak ||
    fail "the mutants could not be built; the compiler's messages are above."
  exec "$(rj_bazel info bazel-bin 2>/dev/null)/tests/cluster_sim/mutants_soak" --mutants "$@"
}

# A simulator allocates all the time: a seventh more seeds in an hour. Traces are the same with any allocator.
fast_allocator() {
  ldconfig -p | awk '/libtcmalloc_minimal\.so\.4/ && !path { path = $NF } END { printf "%s", path }'
}

# The code that a soak ran: the commit, and whether the checkout differs from it.
commit_name() {
  local dirty=""
  [ -z "$(git status --porcelain 2>/dev/null)" ] || dirty=-dirty
  printf '%s%s' "$(git rev-parse --short=12 HEAD 2>/dev/null || printf unknown)" "$dirty"
}

# The committed hashes of all seeds, in the ordinary and the sanitizer build.
dev_soak_trace_hashes() {
  local config
  dev_setup
  for config in "" --config=asan; do
    say "traces of 100 seeds, ${config:-ordinary build}"
    # shellcheck disable=SC2086  # no flag is no word
    rj_bazel test $config --test_env=RINGJOURNAL_TRACE_HASHES=100 --nocache_test_results \
      //tests/cluster_sim:trace_hashes_test
  done
  exit 0
}

list_soaks() {
  local file names=(mutants trace-hashes sim node)
  for file in tests/*/soak.sh tests/*/soak.py; do
    [ ! -x "$file" ] || names+=("$(basename "$(dirname "$file")")")
  done
  for file in tests/soak/*.sh tests/soak/*.py; do
    [ ! -x "$file" ] || names+=("$(basename "${file%.*}")")
  done
  for file in tests/*/BUILD.bazel; do
    case "$file" in tests/sim/* | tests/cluster_sim/*) continue ;; esac
    [ ! -f "$file" ] || ! grep -q 'name = "soak"' "$file" || names+=("$(basename "$(dirname "$file")")")
  done
  printf '%s' "${names[*]:-none yet}"
}
