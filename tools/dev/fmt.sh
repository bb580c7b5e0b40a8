# ./dev fmt and ./dev lint: format, generated pages, checks.

# Files of the project with one of the given endings, new ones included.
project_files() {
  git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do
    [ ! -f "$file" ] || printf '%s\n' "$file"
  done
}

dev_fmt() {
  project_files '*.cc' '*.h' | xargs -r clang-format -i
  # Lowers the ratchet and writes docs/limits.md; what it finds beside that is lint's to report.
  python3 tests/lint/lint.py --write >/dev/null || true
  say "formatted; docs/limits.md and the ratchet are up to date"
}

# Prints one "ok - name" or "not ok - name" line for each check, as every script test does.
dev_lint() {
  local result=0
  if [ "${1:-}" = --tidy ]; then
    shift
    check_tidy "$@" || result=1
    return "$result"
  fi
  python3 tests/lint/lint_test.py || result=1
  python3 tests/lint/lint.py || result=1
  check_format || result=1
  return "$result"
}

check_format() {
  local wrong
  wrong="$(project_files '*.cc' '*.h' | xargs -r clang-format --dry-run 2>&1 |
    sed -n 's/^\([^ :]*\):[0-9]*:[0-9]*: warning: .*/\1/p' | sort -u)" || true
  if [ -n "$wrong" ]; then
    sed 's/$/: not formatted as .clang-format says. Run: .\/dev fmt/' <<<"$wrong"
    say "not ok - lint: clang-format"
    return 1
  fi
  say "ok - lint: clang-format"
}

# All .cc files, or those given. Generated protobuf headers come from the build.
check_tidy() {
  local files=("$@") bazel_bin
  [ ${#files[@]} -gt 0 ] || mapfile -t files < <(project_files '*.cc')
  rj_bazel build --show_result=0 //proto:cc
  bazel_bin="$(rj_bazel info bazel-bin 2>/dev/null)"
  if ! printf '%s\n' "${files[@]}" | xargs -r -P "$(nproc)" -I{} clang-tidy --quiet {} -- \
    -std=c++20 -I. -isystem "$bazel_bin" -DSPDLOG_COMPILED_LIB -DSPDLOG_FMT_EXTERNAL 2>&1 |
    sed '/^[0-9]* warnings\{0,1\} generated/d'; then
    say "not ok - lint: clang-tidy"
    return 1
  fi
  say "ok - lint: clang-tidy (${#files[@]} files)"
}
