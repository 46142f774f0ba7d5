#!/usr/bin/env bash
# Packs vimogen-core as `cargo publish` would, and builds and documents what the package holds: package.sh TARGET.
#
# The unpacked crate takes the place of the one in a copy of the workspace, so that the dependencies built for the tests
# serve here too.
set -euo pipefail
cd "$(dirname "$0")/.."
target=${1:?target folder}
mkdir -p "$target"
target=$(cd "$target" && pwd)
cargo=${CARGO:-cargo}
max_bytes=9000000

"$cargo" package --quiet --locked --allow-dirty --no-verify -p vimogen-core --target-dir "$target"
archive=$(ls -t "$target"/package/vimogen-core-*.crate | head -1)
bytes=$(wc -c <"$archive")
echo "$archive: $bytes bytes"
[ "$bytes" -le $max_bytes ] || { echo "more than $max_bytes bytes" >&2; exit 1; }

copy=$target/package/workspace
rm -rf "$copy"
mkdir -p "$copy"
cp -r Cargo.toml Cargo.lock .cargo vimogen-py vimogen-capi vimogen-web benches "$copy"
tar -xzf "$archive" -C "$copy"
mv "$copy"/vimogen-core-* "$copy/vimogen-core"
for name in LICENSE-MIT LICENSE-APACHE README.md; do
  [ -s "$copy/vimogen-core/$name" ] || { echo "the package lacks $name" >&2; exit 1; }
done
if grep -n '](' "$copy/vimogen-core/README.md" | grep -v '](https://'; then
  echo "the package's README has links that lead nowhere on crates.io" >&2
  exit 1
fi
cd "$copy"
"$cargo" build --locked --workspace --examples --target-dir "$target"
"$cargo" test --locked --workspace --doc --target-dir "$target"
