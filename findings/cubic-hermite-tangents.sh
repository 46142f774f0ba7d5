#!/usr/bin/env bash
# cubic-hermite 1.0.0 and cubic-hermite-spline 1.0.1 (npm, latest releases): curves with tangents, as animation curves are.
#
# Expected: the derivative is the velocity along the curve, for "scalars or arrays"; at a key it is the key's tangent. At t = 1 a
#   curve without knots is at its last point. With knots, "to enforce time at control points when used for position / velocity
#   interpolation", t is a time and so a tangent is a velocity.
# Seen: cubic-hermite's derivative of scalars is NaN. cubic-hermite-spline is NaN at t = 1. With knots 2 s apart its derivative
#   is twice the tangent and twice the slope of its own points.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Node 18 or newer and npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund cubic-hermite@1.0.0 cubic-hermite-spline@1.0.1

cat > curves.mjs <<'JS'
import segment from 'cubic-hermite';
import spline from 'cubic-hermite-spline';

// From 0 to 1 with velocity 1 at both ends: a straight line.
const scalar = segment.derivative(0, 1, 1, 1, 0.5);
const array = segment.derivative([0], [1], [1], [1], 0.5);
console.log(`velocity of a straight line: expected 1, seen ${scalar} for scalars and ${array} for arrays`);

// A point goes from 0 to 2 m in 4 s, with a key every 2 s.
const points = [[0], [1], [2]];
const tangents = [[0.5], [0.5], [0.5]];
const knots = [0, 2, 4];
const end = spline(1, points, tangents)[0];
console.log(`last point without knots: expected 2, seen ${end} (at 0.9999: ${spline(0.9999, points, tangents)[0].toFixed(4)})`);

const STEP = 1e-4;
const results = [0, 1, 2].map((t) => {
  const at = (time) => spline(time, points, tangents, knots)[0];
  return [t, (at(t + STEP) - at(t)) / STEP, spline(t, points, tangents, knots, true)[0]];
});
for (const [t, slope, seen] of results) console.log(`velocity at ${t} s: expected 0.5 (slope of the points ${slope.toFixed(3)}), seen ${seen}`);

const same =
  Number.isNaN(scalar) && array[0] === 1 && Number.isNaN(end) &&
  results.every(([, slope, seen]) => Math.abs(slope - 0.5) < 1e-3 && Math.abs(seen - 1) < 1e-9);
console.log(same ? 'as described' : 'the curves behave differently now');
process.exit(same ? 0 : 1);
JS
node curves.mjs
