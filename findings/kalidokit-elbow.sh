#!/usr/bin/env bash
# kalidokit 1.1.5 (npm, latest release): rotations of a figure's bones from MediaPipe's landmarks.
#
# Expected: the more an elbow bends, the more its lower arm is turned, from a straight arm (the angle between upper and lower arm
#   is 180 degrees) to the hand at the shoulder. Vector.angleBetween3DCoords is the angle of three points, "normalized to 1".
# Seen: an angle and 180 degrees minus it are the same: 45 and 135 degrees are both 0.25. The lower arm turns until the elbow is a
#   right angle, and back again when it bends further: a hand that comes to the shoulder goes away from it.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Node 18 or newer and npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund kalidokit@1.1.5

cat > elbow.mjs <<'JS'
import Kalidokit from 'kalidokit/dist/kalidokit.umd.js';

const { Pose, Vector } = Kalidokit;
const ANGLES = [180, 150, 135, 90, 45, 30];

const radians = (degrees) => (degrees * Math.PI) / 180;

/** A figure with its upper arms to the sides, whose elbows have the given angle (MediaPipe's world landmarks, y down). */
function landmarks(degrees) {
  const points = Array.from({ length: 33 }, () => ({ x: 0, y: 0, z: 0, visibility: 1 }));
  const put = (index, x, y) => Object.assign(points[index], { x, y });
  [11, 23, 25, 27].forEach((index, row) => {
    const [x, y] = [[0.2, -0.5], [0.1, 0], [0.1, 0.4], [0.1, 0.8]][row];
    put(index, x, y);
    put(index + 1, -x, y);
  });
  for (const [elbow, side] of [[13, 1], [14, -1]]) {
    const along = (length) => [side * (0.5 - length * Math.cos(radians(degrees))), -0.5 - length * Math.sin(radians(degrees))];
    put(elbow, side * 0.5, -0.5);
    put(elbow + 2, ...along(0.25));
    for (const finger of [4, 6, 8]) put(elbow + finger, ...along(0.35));
  }
  return points;
}

const rows = ANGLES.map((degrees) => {
  const end = new Vector(Math.cos(radians(degrees)), Math.sin(radians(degrees)), 0);
  const angle = Vector.angleBetween3DCoords(new Vector(1, 0, 0), new Vector(0, 0, 0), end);
  const points = landmarks(degrees);
  const figure = Pose.solve(points, points, { runtime: 'mediapipe', imageSize: { width: 640, height: 480 } });
  const turn = figure.RightLowerArm.z;
  console.log(`elbow ${degrees}: expected angle ${(degrees / 180).toFixed(3)}, seen ${angle.toFixed(3)}; lower arm turned by ${turn.toFixed(3)}`);
  return { angle, turn };
});

const near = (a, b) => Math.abs(a - b) < 1e-6;
const [straight, open, half, right, bent, folded] = rows;
const same =
  near(straight.angle, 0) && near(half.angle, 0.25) && near(bent.angle, 0.25) && near(open.angle, folded.angle) &&
  near(half.turn, bent.turn) && near(open.turn, folded.turn) && right.turn > half.turn && half.turn > open.turn;
console.log(same ? 'as described' : 'kalidokit behaves differently now');
process.exit(same ? 0 : 1);
JS
node elbow.mjs
