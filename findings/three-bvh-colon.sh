#!/usr/bin/env bash
# three 0.187.0 (npm, latest release): BVHLoader on joints whose names have a colon, such as Mixamo's `mixamorig:Hips`.
#
# Expected: the clip of a BVH file moves the skeleton of the same file. By hand: hips that go 100 units ahead and a knee that
#   bends by 90 degrees about x take the ankle from (0, -50, 0) below the knee to (0, 0, -50).
# Seen: each track is found by the name in `.bones[NAME].position`, and the parser of these names allows no colon: it takes
#   another node or none, and the figure stays in its rest pose. GLTFLoader and FBXLoader strip such characters from the names of
#   nodes and tracks, BVHLoader does not. The same file without the colons plays.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Node 18 or newer and npm (some 40 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund three@0.187.0

cat > play.mjs <<'JS'
import * as THREE from 'three';
import { BVHLoader } from 'three/examples/jsm/loaders/BVHLoader.js';

const file = (prefix) => `HIERARCHY
ROOT ${prefix}Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT ${prefix}Knee
  {
    OFFSET 0 -40 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT ${prefix}Ankle
    {
      OFFSET 0 -50 0
      CHANNELS 3 Zrotation Xrotation Yrotation
      End Site
      {
        OFFSET 0 0 10
      }
    }
  }
}
MOTION
Frames: 2
Frame Time: 1
0 90 0 0 0 0 0 0 0 0 0 0
0 90 100 0 0 0 0 90 0 0 0 0
`;

function ankle(prefix) {
  const { skeleton, clip } = new BVHLoader().parse(file(prefix));
  const mixer = new THREE.AnimationMixer(skeleton.bones[0]);
  const action = mixer.clipAction(clip).play();
  action.setLoop(THREE.LoopOnce);
  action.clampWhenFinished = true;
  mixer.setTime(1);
  skeleton.bones[0].updateMatrixWorld(true);
  return skeleton.bones[2].getWorldPosition(new THREE.Vector3()).toArray().map((v) => Math.round(v * 1000) / 1000);
}

const want = [0, 50, 50];
const warn = console.warn;
console.warn = () => {};
console.error = () => {};
const [plain, colon] = ['', 'mixamorig:'].map(ankle);
console.warn = warn;
console.log(`ankle by hand:            ${want}`);
console.log(`names without a colon:    ${plain}`);
console.log(`names with mixamorig::    ${colon}`);
const same = (a, b) => a.every((v, i) => Math.abs(v - b[i]) < 1e-3);
if (!same(plain, want)) throw new Error('the file without colons is not right either');
if (same(colon, want)) {
  console.log('three behaves differently now');
  process.exit(1);
}
console.log('as described');
JS
node play.mjs
