#!/usr/bin/env bash
# three 0.187.0 (npm, latest release): SkeletonUtils.retargetClip between two skeletons with the same bone names.
#
# Expected: `names` maps target to source bones and is optional, so bones of the same name are retargeted to each other;
#   a skeleton retargeted to a copy of itself moves as before.
# Seen: without `names` the clip has a track of full length for every bone, and all of them hold the rest pose: the figure
#   stands still at the origin, and nothing says so. With `names` that map each name to itself, the copy is exact. A bone that
#   is missing from `names` gets a track of its rest pose in the same way.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Node 18 or newer and npm (some 40 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund three@0.187.0

cat > retarget.mjs <<'JS'
import * as THREE from 'three';
import { retargetClip } from 'three/examples/jsm/utils/SkeletonUtils.js';

const X = new THREE.Vector3(1, 0, 0);
const FRAMES = 21;
const RATE = 20;

function figure() {
  const [hips, knee, ankle] = ['Hips', 'Knee', 'Ankle'].map((name) => Object.assign(new THREE.Bone(), { name }));
  hips.position.set(0, 0.9, 0);
  knee.position.set(0, -0.4, 0);
  ankle.position.set(0, -0.5, 0);
  hips.add(knee);
  knee.add(ankle);
  const mesh = new THREE.SkinnedMesh(new THREE.BufferGeometry());
  mesh.add(hips);
  mesh.updateMatrixWorld(true);
  mesh.bind(new THREE.Skeleton([hips, knee, ankle]));
  return mesh;
}

// Hips go ahead by 1 m in a second, the knee bends by 90 degrees.
const times = Array.from({ length: FRAMES }, (_, i) => i / RATE);
const bend = (i) => ((Math.PI / 2) * i) / (FRAMES - 1);
const clip = new THREE.AnimationClip('walk', -1, [
  new THREE.VectorKeyframeTrack('.bones[Hips].position', times, times.flatMap((t) => [0, 0.9, t])),
  new THREE.QuaternionKeyframeTrack(
    '.bones[Knee].quaternion', times,
    times.flatMap((_, i) => new THREE.Quaternion().setFromAxisAngle(X, bend(i)).toArray()),
  ),
]);
// Forward kinematics by hand: a turn about x takes (0, -l, 0) to (0, -l cos, -l sin).
const ankleByHand = (i) => [0, 0.5 - 0.5 * Math.cos(bend(i)), i / RATE - 0.5 * Math.sin(bend(i))];

function worst(options) {
  const result = retargetClip(figure(), figure(), clip, { hip: 'Hips', ...options });
  const mesh = figure();
  const mixer = new THREE.AnimationMixer(mesh);
  mixer.clipAction(result).play();
  let distance = 0;
  for (let i = 0; i < FRAMES - 1; i++) {
    mixer.setTime(i / RATE);
    mesh.updateMatrixWorld(true);
    const ankle = mesh.skeleton.bones[2].getWorldPosition(new THREE.Vector3());
    distance = Math.max(distance, ankle.distanceTo(new THREE.Vector3(...ankleByHand(i))));
  }
  const tracks = Object.fromEntries(result.tracks.map((track) => [track.name, track]));
  const still = result.tracks.every((track) => {
    const size = track.getValueSize();
    return track.values.every((v, k) => Math.abs(v - track.values[k % size]) < 1e-6);
  });
  return { distance, frames: tracks['.bones[Knee].quaternion'].times.length, tracks: result.tracks.length, still };
}

const without = worst({});
const itself = worst({ names: { Hips: 'Hips', Knee: 'Knee', Ankle: 'Ankle' } });
const show = (r) => `${r.tracks} tracks of ${r.frames} frames, ankle off by ${r.distance.toFixed(4)} m` + (r.still ? ', all values constant' : '');
console.log(`without names:           ${show(without)}`);
console.log(`names to themselves:     ${show(itself)}`);
if (itself.distance > 1e-5 || itself.still) throw new Error('the mapped clip is not right either');
if (!without.still || without.distance < 0.5 || without.tracks !== 4 || without.frames !== FRAMES) {
  console.error('three behaves differently now');
  process.exit(1);
}
console.log('as described');
JS
node retarget.mjs
