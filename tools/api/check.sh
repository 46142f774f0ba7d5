#!/usr/bin/env bash
# Compares the public interface of vimogen-core with tests/api/vimogen-core.txt, or writes that file: check.sh TARGET [--write].
set -euo pipefail
cd "$(dirname "$0")/../.."
target=${1:?target folder}
listed=tests/api/vimogen-core.txt
found=$(mktemp)
trap 'rm -f "$found"' EXIT

RUSTDOC=$PWD/tools/api/rustdoc.sh RUSTDOCFLAGS="-Zunstable-options --output-format json" \
  "${CARGO:-cargo}" doc --quiet --locked --workspace --no-deps --target-dir "$target"
"${PYTHON:-python3}" tools/api/list.py "$target/doc/vimogen_core.json" >"$found"
if [ "${2:-}" = --write ]; then
  mkdir -p "$(dirname "$listed")"
  cp "$found" "$listed"
elif ! diff -u "$listed" "$found"; then
  echo "the public interface of vimogen-core has changed; if that is intended: make api ARGS=--write, and a line in CHANGELOG.md" >&2
  exit 1
fi
