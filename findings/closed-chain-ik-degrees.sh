#!/usr/bin/env bash
# closed-chain-ik 0.0.3 (npm, latest release): the rotation of a joint as a quaternion.
#
# Expected: getDoFQuaternion, getRestPoseQuaternion and getTargetQuaternion give the rotation that the joint's values are, which
#   are radians: a knee of half pi is a right angle, as in the joint's own matrix.
# Seen: the radians are handed to gl-matrix as degrees: the quaternion is that of 1.57 degrees.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Node 18 or newer and npm (some 60 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund --legacy-peer-deps closed-chain-ik@0.0.3 gl-matrix@3.4.4 three@0.187.0

cat > knee.mjs <<'JS'
import { DOF, Joint } from 'closed-chain-ik/src/core/Joint.js';
import { mat4, quat } from 'gl-matrix';

const degrees = (q) => (2 * Math.atan2(Math.hypot(q[0], q[1], q[2]), q[3]) * 180) / Math.PI;
const knee = new Joint();
knee.setDoF(DOF.EX);
knee.setDoFValues(Math.PI / 2);
knee.setRestPoseValues(Math.PI / 2);
knee.setTargetValues(Math.PI / 2);

const child = mat4.create();
knee.updateMatrixWorld();
knee.updateDoFMatrix();
mat4.copy(child, knee.matrixDoF);
const right = degrees(quat.normalize([], mat4.getRotation([], child)));

const seen = ['getDoFQuaternion', 'getRestPoseQuaternion', 'getTargetQuaternion'].map((name) => {
  const q = new Float32Array(4);
  knee[name](q);
  console.log(`${name}: expected ${right.toFixed(2)} degrees, seen ${degrees(q).toFixed(2)}`);
  return degrees(q);
});

const same = Math.abs(right - 90) < 1e-3 && seen.every((angle) => Math.abs(angle - Math.PI / 2) < 1e-3);
console.log(same ? 'as described' : 'closed-chain-ik behaves differently now');
process.exit(same ? 0 : 1);
JS
node knee.mjs
