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
  [ "$name" != mutants ] || dev_soak_mutants "$@"
  [ -z "$name" ] || [ ! -d "tests/${name}_sim" ] || name="${name}_sim"
  [ -z "$name" ] || [ ! -d "tests/small_$name" ] || name="small_$name"
  for script in "tests/$name/soak.sh" "tests/$name/soak.py" "tests/soak/$name.sh" "tests/soak/$name.py"; do
    if [ -n "$name" ] && [ -x "$script" ]; then
      dev_setup
      [ "$name" != fuzz ] || dev_run_fuzz "$@"
      dev_build
      RINGJOURNAL_BIN="$root/bin" exec "$script" "$@"
    fi
  done
  if [ -n "$name" ] && [ -f "tests/$name/BUILD.bazel" ] && grep -q '"soak"' "tests/$name/BUILD.bazel"; then
    dev_setup
    rj_bazel build "//tests/$name:soak"
    exec "$(rj_bazel info bazel-bin 2>/dev/null)/tests/$name/soak" "$@"
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

list_soaks() {
  local file names=(mutants)
  for file in tests/*/soak.sh tests/*/soak.py; do
    [ ! -x "$file" ] || names+=("$(basename "$(dirname "$file")")")
  done
  for file in tests/soak/*.sh tests/soak/*.py; do
    [ ! -x "$file" ] || names+=("$(basename "${file%.*}")")
  done
  for file in tests/*/BUILD.bazel; do
    [ ! -f "$file" ] || ! grep -q 'name = "soak"' "$file" || names+=("$(basename "$(dirname "$file")")")
  done
  printf '%s' "${names[*]:-none yet}"
}
