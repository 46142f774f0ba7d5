#!/usr/bin/env bash
# `cargo build` leaves dev-dependencies out. Fails if a crate has other features without them: cargo would compile it, and all that
# depends on it, a second time for `cargo test`. The remedy is to name the features in Cargo.toml (see benches/Cargo.toml).
set -euo pipefail
features() {
  "${CARGO:-cargo}" tree --locked --workspace -e "$1" --prefix none -f '{p} [{f}]' | sed 's/ (\*)$//' | sort -u
}
other=$(comm -23 <(features no-dev) <(features normal,build,dev))
[ -z "$other" ] || { printf 'compiled twice, since dev-dependencies change its features:\n%s\n' "$other" >&2; exit 1; }
