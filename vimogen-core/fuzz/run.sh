#!/usr/bin/env bash
# Readers of files under the fuzzer: run.sh SECONDS [--sanitize] [READER...]; without names all that need no Burn.
#
# A stable Rust is enough: the coverage that libFuzzer wants is a pass of LLVM, which rustc has. With --sanitize the
# readers run under AddressSanitizer as well, which takes a nightly Rust. Starts from seeds/ (in the repository) and corpus/
# (what earlier runs found); an input that fails is kept in artifacts/. Skipped, saying so, where no fuzzer can be built.
set -euo pipefail
cd "$(dirname "$0")"

seconds=${1:?seconds for each reader}
shift
toolchain=
flags="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
flags="$flags -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing"
target=${VIMOGEN_FUZZ_TARGET:-target}
if [ "${1:-}" = --sanitize ]; then
  shift
  toolchain=+nightly
  flags="$flags -Zsanitizer=address"
  target=$target/address
fi
readers=("$@")
if [ ${#readers[@]} = 0 ]; then
  readers=(npy npz pt pickle safetensors bvh asf gltf character mjcf fbx body motion results png priors mbench)
fi

skip() {
  echo "the readers are not fuzzed: $1"
  exit 0
}

host=$(rustc $toolchain -vV | sed -n 's/^host: //p') || skip "there is no rustc $toolchain"
probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT
echo 'pub fn f() {}' | rustc $toolchain $flags --target "$host" --crate-type lib --out-dir "$probe" - 2>"$probe/log" ||
  skip "this rustc has no coverage for fuzzers: $(head -1 "$probe/log")"
"${CXX:-c++}" --version >/dev/null 2>&1 || skip "libFuzzer is C++, and there is no compiler for it"
# The versions of the library's own build.
cp ../../Cargo.lock Cargo.lock
cargo $toolchain fetch --target "$host" 2>"$probe/log" || skip "libfuzzer-sys cannot be had: $(tail -1 "$probe/log")"

features=
case " ${readers[*]} " in *" experiment "*) features="--features train" ;; esac
# With --target, build scripts and macros are not instrumented.
RUSTFLAGS=$flags cargo $toolchain build --release --target "$host" --target-dir "$target" $features \
  $(printf -- ' --bin %s' "${readers[@]}")

fuzz_one() {
  mkdir -p "corpus/$1" artifacts
  if "$programs/$1" "corpus/$1" "seeds/$1" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2560 \
    -artifact_prefix="artifacts/$1-" -print_final_stats=1 >"artifacts/$1.log" 2>&1; then
    echo "$1: $(sed -n 's/stat::number_of_executed_units: *//p' "artifacts/$1.log") inputs, none fails"
  else
    tail -n 40 "artifacts/$1.log"
    echo "$1: an input fails; it is kept in $(pwd)/artifacts"
    return 1
  fi
}
export -f fuzz_one
export seconds programs="$target/$host/release"
printf '%s\n' "${readers[@]}" | xargs -P "${FUZZ_JOBS:-2}" -I{} bash -c 'fuzz_one {}'
