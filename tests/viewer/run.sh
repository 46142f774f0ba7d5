#!/bin/sh
# The HTML player and a video in a headless Chromium, if there is one: the files that the golden tests `render` and
# `picture` wrote.
set -eu
cd "$(dirname "$0")/../.."
pages="${CARGO_TARGET_DIR:-target}/tmp"
for file in viewer_one.html viewer_three.html viewer_body.html clip.mp4; do
  if [ ! -e "$pages/$file" ]; then
    "${CARGO:-cargo}" test --locked --workspace --test golden -- render picture
  fi
done
"${PYTHON:-python3}" tests/viewer/check.py "$pages/viewer_one.html" "$pages/viewer_three.html" "$pages/viewer_body.html"
exec "${PYTHON:-python3}" tests/viewer/video.py "$pages/clip.mp4" 320 240 1.2
