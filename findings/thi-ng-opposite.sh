#!/usr/bin/env bash
# @thi.ng/matrices 3.0.26 (npm, latest release): quaternions.
#
# Expected: alignmentQuat(from, to) is "the rotation from direction vector from -> to" for every two directions. mixQ is a
#   spherical interpolation: it begins at a, its results are rotations, and q and -q, the same rotation, give the same path.
# Seen: for opposite directions the quaternion is zero, and up is turned to nothing instead of down. Between 0 and 90 degrees as
#   -q the way is 270 degrees long. Where a and b are nearly the same rotation the result is half of a + b for every t: with -q,
#   as frames of a capture may have it, that is nearly zero.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Node 20 or newer and npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund @thi.ng/matrices@3.0.26 three@0.187.0

cat > turns.mjs <<'JS'
import { alignmentQuat, mixQ, mulVQ, quatFromAxisAngle } from '@thi.ng/matrices';
import { Quaternion, Vector3 } from 'three';

const show = (values) => `[${[...values].map((v) => +v.toFixed(4) + 0).join(', ')}]`;
const length = (q) => Math.hypot(...q);
const about = (degrees, sign = 1) => quatFromAxisAngle([0, 0, 1], (degrees * Math.PI) / 180).map((v) => sign * v);

const up = [0, 1, 0];
const down = [0, -1, 0];
const turn = alignmentQuat(up, down);
const right = new Vector3(...up).applyQuaternion(new Quaternion().setFromUnitVectors(new Vector3(...up), new Vector3(...down)));
const image = mulVQ([], turn, up);
console.log(`up to down: expected up at ${show(right)}, seen ${show(image)} (length of the quaternion ${length(turn).toExponential(1)})`);

const heading = (q) => (2 * Math.atan2(q[2], q[3]) * 180) / Math.PI;
const start = about(0);
const half = { q: heading(mixQ([], start, about(90), 0.5)), '-q': heading(mixQ([], start, about(90, -1), 0.5)) };
const by = new Quaternion(...start).slerp(new Quaternion(...about(90, -1)), 0.5);
console.log(`half of 90 degrees: expected ${heading(by.toArray()).toFixed(2)}, seen ${half.q.toFixed(2)} for q, ${half['-q'].toFixed(2)} for -q`);

const near = mixQ([], start, about(0.05, -1), 0.25);
const also = mixQ([], start, about(0.05), 0);
console.log(`a quarter of 0.05 degrees as -q: expected length 1, seen ${length(near).toExponential(1)}`);
console.log(`none of 0.05 degrees: expected 0, seen ${heading(also).toFixed(4)}`);

const same =
  length(turn) < 1e-15 && length(image) < 1e-30 &&
  Math.abs(half.q - 45) < 1e-6 && Math.abs(half['-q'] + 135) < 1e-6 &&
  length(near) < 1e-3 && Math.abs(heading(also) - 0.025) < 1e-6;
console.log(same ? 'as described' : '@thi.ng/matrices behaves differently now');
process.exit(same ? 0 : 1);
JS
node turns.mjs
