#!/usr/bin/env bash
# Installs a Chromium for the check of the HTML player, which is skipped without one. Only as root on a system with apt, as in
# a fresh CI container, and not with VIMOGEN_NO_APT=1. Never fails.
set -uo pipefail

for browser in "${CHROMIUM:-}" chromium chromium-browser google-chrome chrome; do
  if [ -n "$browser" ] && command -v "$browser" >/dev/null; then
    exit 0
  fi
done

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && [ -z "${VIMOGEN_NO_APT:-}" ]; then
  echo "installing chromium for the check of the HTML player (VIMOGEN_NO_APT=1 to skip it)"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 ||
    echo "apt could not install chromium: the HTML player will not be checked in a browser"
else
  echo "no Chromium here: the HTML player will not be checked in a browser (set CHROMIUM=/path/to/it)"
fi
exit 0
