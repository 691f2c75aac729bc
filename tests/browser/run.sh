#!/usr/bin/env bash
# The widget in Chromium: against a scripted socket (wire.mjs), a server of the given binary (widget.mjs), and by the link in a
# mail (mail.mjs).
#
#   bash tests/browser/run.sh PATH_TO_BATON
#
# Prints one line "N passed, N failed"; above it, only what failed. Where the browser or its tools are missing it prints
# "skipped: REASON" and succeeds. CHROMIUM names another browser, SHOTS a folder for pictures.
set -euo pipefail

if [ $# -ne 1 ] || [ ! -x "$1" ]; then
  echo 'usage: bash tests/browser/run.sh PATH_TO_BATON (built with cargo build)' >&2
  exit 2
fi
binary=$(realpath "$1")
cd "$(dirname "$0")"

skip() {
  echo "skipped: the widget in a browser: $1"
  exit 0
}
for tool in node npm script timeout; do
  command -v "$tool" >/dev/null 2>&1 || skip "$tool is not installed"
done
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
[ -n "$CHROMIUM" ] || skip 'chromium is not installed'
export CHROMIUM

tmp=$(mktemp -d)
server=
clean() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; fi
  rm -rf "$tmp"
}
trap clean EXIT

if [ ! -d node_modules/playwright-core ]; then
  # It speaks to the browser that is here; none is downloaded.
  if ! PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm install --no-save --no-package-lock --no-audit --no-fund playwright-core >"$tmp/npm.log" 2>&1; then
    cat "$tmp/npm.log"
    echo 'playwright-core could not be installed from the npm registry'
    exit 1
  fi
fi

# The console keeps drafts and positions where the platform says; not among the developer's own.
export XDG_STATE_HOME="$tmp/state" XDG_CONFIG_HOME="$tmp/config" XDG_DATA_HOME="$tmp/share" XDG_CACHE_HOME="$tmp/cache"
unset BATON_URL BATON_TOKEN

mkfifo "$tmp/said"
exec 3<>"$tmp/said"
"$binary" serve --data "$tmp/data" --listen 127.0.0.1:0 >"$tmp/said" 2>"$tmp/serve.log" &
server=$!
if ! read -r -t 60 line <&3; then
  cat "$tmp/serve.log"
  echo 'the server did not say where it listens'
  exit 1
fi
url=${line#listening on }
token=$("$binary" agent add 'Priya Raman' --data "$tmp/data" 2>"$tmp/add.log") || {
  cat "$tmp/add.log"
  exit 1
}

# Each suite ends with its own "N passed, N failed"; one that breaks off counts as a failure.
suite() {
  local name=$1
  shift
  if ! timeout 600 node "$@" >"$tmp/$name.log" 2>&1; then
    grep -q ', [1-9][0-9]* failed$' "$tmp/$name.log" || echo '0 passed, 1 failed' >>"$tmp/$name.log"
    echo "$name:"
    grep -vE '^[0-9]+ passed, [0-9]+ failed$' "$tmp/$name.log" || true
  fi
}
suite wire wire.mjs
suite widget widget.mjs "$url" "$binary" "$token"
suite mail mail.mjs "$binary"

kill -TERM "$server" 2>/dev/null || true
if wait "$server"; then
  echo '1 passed, 0 failed' >"$tmp/stop.log"
else
  echo "the server ended with $? on SIGTERM"
  echo '0 passed, 1 failed' >"$tmp/stop.log"
fi
server=

total=$(cat "$tmp"/{wire,widget,mail,stop}.log | awk '/^[0-9]+ passed, [0-9]+ failed$/ {p += $1; f += $3} END {print p + 0 " passed, " f + 0 " failed"}')
if [[ $total != *', 0 failed' ]]; then
  echo 'the server said:'
  grep -v ' INFO ' "$tmp/serve.log" | tail -n 40 || true
  echo "$total"
  exit 1
fi
echo "$total"
