#!/usr/bin/env bash
# npyjs 1.2.0 (npm, latest release): arrays are written as NumPy files with dump.
#
# Expected: dump(array, shape) keeps the numbers of a plain array, which are doubles in JavaScript and in NumPy; an array of
#   arrays is written as what it holds, or refused; strings come back as they were.
# Seen: as soon as a number is not whole all are written as float32. The times of two frames half a second apart become the same
#   (up to 64 s off). An array of arrays becomes one NaN per row, so the file is too short for its shape and NumPy refuses it. A
#   character outside of the basic plane gets half of itself in addition, and moves the strings after it by one character.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Node 18 or newer, npm, Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund npyjs@1.2.0
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check numpy==2.2.6

cat > write.mjs <<'JS'
import { writeFileSync } from 'node:fs';
import { dump, parse } from 'npyjs';

const save = (name, ...args) => writeFileSync(`${name}.npy`, Buffer.from(dump(...args)));
save('times', [1700000000.25, 1700000000.75], [2]);
save('nested', [[1, 2.5], [3, 4.5]], [2, 2]);
save('plain', [1, 2.5, 3, 4.5], [2, 2]);
const names = ['頭', 'a👍b', 'cc'];
console.log(JSON.stringify(parse(dump(names, [3])).data));
JS
node write.mjs > names.json

env/bin/python - <<'PY'
import json
import sys

import numpy as np

times = np.load("times.npy")
print(f"times: expected [1700000000.25, 1700000000.75], seen {times.tolist()} ({times.dtype})")
plain = np.load("plain.npy")
assert plain.tolist() == [[1, 2.5], [3, 4.5]]
try:
    nested = np.load("nested.npy").tolist()
except ValueError as error:
    nested = str(error)
with open("nested.npy", "rb") as file:
    rows = np.frombuffer(file.read().split(b"\n", 1)[1], dtype="<f4")
print(f"nested: expected [[1, 2.5], [3, 4.5]], seen {rows.tolist()}: {nested}")
names = json.load(open("names.json", encoding="utf-8"))
print(f"names: expected ['頭', 'a👍b', 'cc'], seen {names!a}")

same = (
    times.dtype == np.float32
    and times[0] == times[1]
    and len(rows) == 2
    and np.isnan(rows).all()
    and isinstance(nested, str)
    and names[0] == "頭"
    and names[2] == "bcc"
)
print("as described" if same else "npyjs behaves differently now")
sys.exit(not same)
PY
