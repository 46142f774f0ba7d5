#!/usr/bin/env bash
# Installs ffmpeg and ffprobe, with which the tests decode our videos; without them the tests skip that part. Only as root on
# a system with apt, as in a fresh CI container, and not with VIMOGEN_NO_APT=1. Never fails.
set -uo pipefail

if command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null; then
  exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && [ -z "${VIMOGEN_NO_APT:-}" ]; then
  echo "installing ffmpeg for the check of our videos (VIMOGEN_NO_APT=1 to skip it)"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ffmpeg; } >/dev/null 2>&1 ||
    echo "apt could not install ffmpeg: our videos will not be decoded by it"
else
  echo "no ffmpeg here: our videos will not be decoded by it"
fi
exit 0
