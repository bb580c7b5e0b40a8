# Shared by the parts of ./dev: messages, places, Bazel.

say() { printf '%s\n' "$*"; }

# What went wrong, why, and what to do next.
fail() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}

now_ms() { date +%s%3N; }
# Seconds since a now_ms, with one decimal, e.g. "12.3".
seconds_since() {
  local ms=$(($(now_ms) - $1))
  printf '%d.%d' $((ms / 1000)) $((ms % 1000 / 100))
}

# HOME may be missing in a service or a container; Bazel and we need a place that is ours.
if [ -z "${HOME:-}" ]; then
  HOME="$(getent passwd "$(id -u)" | cut -d: -f6)"
  export HOME="${HOME:-/var/tmp}"
fi
cache_dir="${XDG_CACHE_HOME:-$HOME/.cache}/ringjournal"
# One output base for each checkout, so that two of them never wait for each other.
checkout_key="$(printf '%s' "$root" | cksum | cut -d' ' -f1)"
output_base="${RINGJOURNAL_OUTPUT_BASE:-$cache_dir/bazel-$checkout_key}"

# bazel COMMAND ARGS...: always with our output base; waits idle for 15 minutes at most.
rj_bazel() {
  command -v bazel >/dev/null || fail "bazel is not installed, and nothing can be built without it." \
    "Run ./dev setup (as root, or with sudo), which installs it from Debian's packages."
  local command="$1"
  shift
  local flags=()
  case "$command" in
    build | test | run)
      [ -z "${RINGJOURNAL_DISK_CACHE:-}" ] || flags+=("--disk_cache=$RINGJOURNAL_DISK_CACHE")
      # shellcheck disable=SC2206  # meant to be split
      flags+=(${RINGJOURNAL_BAZEL_FLAGS:-})
      ;;
  esac
  bazel --output_user_root="$cache_dir/bazel-user" --output_base="$output_base" \
    --max_idle_secs=900 "$command" "${flags[@]}" "$@"
}

# In CI nothing may outlive the job, however it ends.
stop_bazel_in_ci() {
  if [ "${CI:-}" = true ] && [ -f "$output_base/server/server.pid.txt" ]; then
    rj_bazel shutdown >/dev/null 2>&1 || true
  fi
}
trap stop_bazel_in_ci EXIT
