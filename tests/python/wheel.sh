#!/usr/bin/env bash
# Builds the release wheel into dist/, checks it, installs it into an empty virtual environment and runs the Python tests there.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=.venv/bin/python
target=${CARGO_TARGET_DIR:-target}
venv=$target/wheel-venv

"$python" -m pip install --quiet --disable-pip-version-check 'maturin>=1.9,<2' twine
rm -rf dist "$venv"
"$python" -m maturin build --release --locked --out dist
"$python" -m twine check --strict dist/*.whl
size=$(wc -c <dist/*.whl)
[ "$size" -lt 40000000 ] || { echo "the wheel has $size bytes, more than 40 MB" >&2; exit 1; }

"$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check dist/*.whl
(cd "$venv" && bin/vimogen generate "a person waves" --frames 20 --steps 2 -o out >/dev/null)
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check pytest safetensors tqdm
"$venv/bin/python" -m pytest -q tests/python/test_{motion,pipeline,errors,golden_motion,golden_model,train,cli,evaluate}.py
