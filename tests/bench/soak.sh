#!/usr/bin/env bash
# 100 million transactions through a ring of 256 MiB; the server's memory must stay flat. Further
# arguments go to `ringjournal bench memory`. About a minute; 1.5 GB of disk and 3 GB of memory.
set -euo pipefail
bin="${RINGJOURNAL_BIN:?the folder with ringjournal and ringjournald; ./dev soak sets it}"
exec "$bin/ringjournal" bench memory "$@"
