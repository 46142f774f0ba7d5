#!/bin/sh
# The HTML player in a headless Chromium, if there is one: the pages that the golden test `render` wrote.
set -eu
cd "$(dirname "$0")/../.."
pages="${CARGO_TARGET_DIR:-target}/tmp"
if [ ! -e "$pages/viewer_one.html" ] || [ ! -e "$pages/viewer_three.html" ]; then
  "${CARGO:-cargo}" test --locked --workspace --test golden -- render
fi
exec "${PYTHON:-python3}" tests/viewer/check.py "$pages/viewer_one.html" "$pages/viewer_three.html"
