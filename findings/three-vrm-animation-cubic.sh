#!/usr/bin/env bash
# @pixiv/three-vrm-animation 3.5.5 (npm, latest release) with three 0.187.0: key interpolation in VRM animations.
#
# Expected: a VRM animation is a glTF animation, so rotations with STEP stay until the next key, and those with CUBICSPLINE are a
#   curve through their keys, as three plays them on the nodes of the same file. Their humanoid bones move in the same way.
# Seen: the rotation tracks are made from times and values, without the interpolation. STEP becomes linear. Of CUBICSPLINE
#   the tangents are taken for quaternions: an arm that goes from 0 to 90 degrees stands at 225 all the time, with a
#   quaternion whose length goes to zero. In translations the tangents get the parent's place added: hips under a raised parent
#   rise and sink by 4 cm on their way.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Node 20 or newer and npm (some 60 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund @pixiv/three-vrm-animation@3.5.5 @pixiv/three-vrm@3.5.5 three@0.187.0

cat > play.mjs <<'JS'
import { VRMHumanoid } from '@pixiv/three-vrm';
import { VRMAnimationLoaderPlugin, createVRMAnimationHumanoidTracks } from '@pixiv/three-vrm-animation';
import * as THREE from 'three';
import { GLTFLoader } from 'three/examples/jsm/loaders/GLTFLoader.js';

const RAISED = 0.4; // Height of the hips' parent, in metres.
const HIPS = [0, 0.9 - RAISED, 0];

/** In a second the arm turns about z by 90 degrees and the hips go ahead by 1 m, in a straight line for all interpolations. */
function file(interpolation) {
  const rotations = [[0, 0, 0, 1], [0, 0, Math.SQRT1_2, Math.SQRT1_2]];
  const places = [HIPS, [HIPS[0], HIPS[1], 1]];
  const keys = ([first, second]) => {
    if (interpolation !== 'CUBICSPLINE') return [...first, ...second];
    const slope = first.map((v, i) => second[i] - v);
    const none = first.map(() => 0);
    return [none, first, slope, slope, second, none].flat();
  };
  const parts = [[0, 1], keys(rotations), keys(places)].map((values) => new Float32Array(values));
  const count = interpolation === 'CUBICSPLINE' ? 6 : 2;
  let offset = 0;
  const json = {
    asset: { version: '2.0' }, scene: 0, scenes: [{ nodes: [0] }],
    nodes: [
      { name: 'root', translation: [0, RAISED, 0], children: [1] },
      { name: 'hips', translation: HIPS, children: [2] },
      { name: 'arm', translation: [0.2, 0.5, 0] },
    ],
    extensionsUsed: ['VRMC_vrm_animation'],
    extensions: {
      VRMC_vrm_animation: { specVersion: '1.0', humanoid: { humanBones: { hips: { node: 1 }, leftUpperArm: { node: 2 } } } },
    },
    animations: [{
      channels: [{ sampler: 0, target: { node: 2, path: 'rotation' } }, { sampler: 1, target: { node: 1, path: 'translation' } }],
      samplers: [{ input: 0, output: 1, interpolation }, { input: 0, output: 2, interpolation }],
    }],
    accessors: [
      { bufferView: 0, componentType: 5126, count: 2, type: 'SCALAR', min: [0], max: [1] },
      { bufferView: 1, componentType: 5126, count, type: 'VEC4' },
      { bufferView: 2, componentType: 5126, count, type: 'VEC3' },
    ],
    bufferViews: parts.map(({ byteLength }) => ({ buffer: 0, byteOffset: (offset += byteLength) - byteLength, byteLength })),
    buffers: [{ byteLength: parts.reduce((sum, part) => sum + part.byteLength, 0) }],
  };
  const chunk = (name, content, fill) => {
    const body = Buffer.concat([content, Buffer.alloc((4 - (content.length % 4)) % 4, fill)]);
    const head = Buffer.alloc(8);
    head.writeUInt32LE(body.length);
    head.write(name, 4, 'latin1');
    return Buffer.concat([head, body]);
  };
  const chunks = [
    chunk('JSON', Buffer.from(JSON.stringify(json)), 32),
    chunk('BIN\0', Buffer.concat(parts.map((part) => Buffer.from(part.buffer))), 0),
  ];
  const head = Buffer.alloc(12);
  head.write('glTF');
  head.writeUInt32LE(2, 4);
  head.writeUInt32LE(12 + chunks[0].length + chunks[1].length, 8);
  return new Uint8Array(Buffer.concat([head, ...chunks])).buffer;
}

function play(root, clip, time) {
  const mixer = new THREE.AnimationMixer(root);
  mixer.clipAction(clip).play();
  mixer.setTime(time);
  root.updateMatrixWorld(true);
}

const bone = (name, place) => Object.assign(new THREE.Object3D(), { name }).translateX(place[0]).translateY(place[1]);
const degrees = (q) => (2 * Math.atan2(q.z, q.w) * 180) / Math.PI;
const rows = {};

for (const interpolation of ['LINEAR', 'STEP', 'CUBICSPLINE']) {
  const loader = new GLTFLoader().register((parser) => new VRMAnimationLoaderPlugin(parser));
  const gltf = await loader.parseAsync(file(interpolation), '');

  const scene = new THREE.Scene();
  const hips = bone('Hips', [0, 0.9]);
  const arm = bone('Arm', [0.2, 0.5]);
  scene.add(hips.add(arm));
  scene.updateMatrixWorld(true);
  const humanoid = new VRMHumanoid({ hips: { node: hips }, leftUpperArm: { node: arm } });
  scene.add(humanoid.normalizedHumanBonesRoot);
  const { rotation, translation } = createVRMAnimationHumanoidTracks(gltf.userData.vrmAnimations[0], humanoid, '1');
  const clip = new THREE.AnimationClip('move', 1, [...rotation.values(), ...translation.values()]);

  rows[interpolation] = [0.25, 0.5, 0.75].map((time) => {
    play(gltf.scene, gltf.animations[0], time);
    play(scene, clip, time);
    humanoid.update();
    const right = [degrees(gltf.scene.getObjectByName('arm').quaternion), gltf.scene.getObjectByName('hips').getWorldPosition(new THREE.Vector3()).y];
    const turn = humanoid.getNormalizedBoneNode('leftUpperArm').quaternion;
    const seen = [degrees(turn), humanoid.getNormalizedBoneNode('hips').position.y];
    console.log(
      `${interpolation} at ${time} s: expected arm ${right[0].toFixed(1)} degrees, hips ${right[1].toFixed(3)} m, ` +
      `seen ${seen[0].toFixed(1)} (length ${turn.length().toFixed(2)}), ${seen[1].toFixed(3)}`,
    );
    return { right, seen, length: turn.length() };
  });
}

const near = (a, b, tolerance = 0.01) => Math.abs(a - b) < tolerance;
const same =
  rows.LINEAR.every(({ right, seen }) => near(right[0], seen[0]) && near(right[1], seen[1], 1e-5)) &&
  rows.STEP.every(({ right, seen }, i) => near(right[0], 0) && near(seen[0], 22.5 * (i + 1))) &&
  rows.CUBICSPLINE.every(({ seen }) => near(seen[0], 225)) &&
  rows.CUBICSPLINE[2].length < 0.3 &&
  rows.CUBICSPLINE.every(({ right }) => near(right[1], 0.9, 1e-5)) &&
  near(Math.abs(rows.CUBICSPLINE[0].seen[1] - 0.9), 0.0375, 1e-4);
console.log(same ? 'as described' : '@pixiv/three-vrm-animation behaves differently now');
process.exit(same ? 0 : 1);
JS
node play.mjs
