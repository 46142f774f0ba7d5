#!/usr/bin/env bash
# Rust's library for WebAssembly: rustup adds it where it is missing. Fails with the remedy where that cannot be.
set -uo pipefail
target=wasm32-unknown-unknown
has() { [ -d "$(rustc --print target-libdir --target $target 2>/dev/null)" ]; }
has && exit 0
if command -v rustup >/dev/null && [ -z "${VIMOGEN_NO_RUSTUP:-}" ]; then
  echo "adding Rust's target $target (VIMOGEN_NO_RUSTUP=1 to forbid it)"
  rustup target add $target >/dev/null 2>&1
  has && exit 0
fi
echo "Rust has no library for $target here: rustup target add $target" >&2
exit 1
