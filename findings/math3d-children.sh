#!/usr/bin/env bash
# math3d 0.2.2 (npm, latest release): a chain of transforms, made like Unity's.
#
# Expected: a child's place and rotation are given relative to its parent, so that whatever turns or moves the parent takes its
#   children along, as its `rotation` and `rotate` do; eulerAngles and Euler() are each other's inverse.
# Seen: `localRotation` and `localPosition`, which an animation sets, move the joint itself only. With the shoulder's
#   localRotation at 90 degrees the elbow and the hand stay where they were, and the hand's world rotation stays 0. Where the
#   x angle is 90 or -90 degrees, eulerAngles drops the rest: (90, 30, 0) becomes (90, 0, 0), a rotation 30 degrees away; at 89.9
#   all three are right.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Node 18 or newer and npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund math3d@0.2.2

cat > arm.mjs <<'JS'
import math3d from 'math3d';

const { Quaternion, Transform, Vector3 } = math3d;
const round = (value) => Math.round(value * 1e4) / 1e4 + 0;
const show = (v) => JSON.stringify([v.x, v.y, v.z].map(round));

function arm(change) {
  const [shoulder, elbow, hand] = [0, 0.3, 0.6].map((x) => new Transform(new Vector3(x, 0, 0)));
  elbow.parent = shoulder;
  hand.parent = elbow;
  change(shoulder);
  return `elbow ${show(elbow.position)} hand ${show(hand.position)} turned by ${round(hand.rotation.angleTo(Quaternion.identity))}`;
}

const quarter = Quaternion.Euler(0, 0, 90);
const CHANGES = {
  rotation: (joint) => (joint.rotation = quarter),
  'rotate()': (joint) => joint.rotate(0, 0, 90),
  localRotation: (joint) => (joint.localRotation = quarter),
  position: (joint) => (joint.position = new Vector3(1, 0, 0)),
  localPosition: (joint) => (joint.localPosition = new Vector3(1, 0, 0)),
};
const turned = 'elbow [0,0.3,0] hand [0,0.6,0] turned by 90';
const moved = 'elbow [1.3,0,0] hand [1.6,0,0] turned by 0';
const rest = 'elbow [0.3,0,0] hand [0.6,0,0] turned by 0';
const seen = {};
for (const [name, change] of Object.entries(CHANGES)) {
  seen[name] = arm(change);
  console.log(`${name}: expected ${name.includes('osition') ? moved : turned}; seen ${seen[name]}`);
}

const off = {};
for (const x of [89.9, 90, -90]) {
  const q = Quaternion.Euler(x, 30, 0);
  const { x: a, y: b, z: c } = q.eulerAngles;
  off[x] = round(q.angleTo(Quaternion.Euler(a, b, c)));
  console.log(`angles ${x} 30 0: seen ${[a, b, c].map(round)}, ${off[x]} degrees away`);
}

const same =
  seen.rotation === turned &&
  seen['rotate()'] === turned &&
  seen.localRotation === rest &&
  seen.position === moved &&
  seen.localPosition === rest &&
  off[89.9] < 0.01 &&
  off[90] === 30 &&
  off[-90] === 30;
console.log(same ? 'as described' : 'math3d behaves differently now');
process.exit(same ? 0 : 1);
JS
node arm.mjs
