#!/usr/bin/env bash
# @babylonjs/loaders 9.28.0 (npm, latest release) with @babylonjs/core 9.28.0: a BVH file in a scene with the default settings.
#
# Expected: BVH is right-handed, Babylon's scenes are left-handed by default, so one axis is turned over, as its glTF loader
#   does. The figure's left hand is then on its left, and a BVH and a glTF of one motion agree.
# Seen: the BVH loader takes all numbers as they are. In a left-handed scene the figure is its own mirror image: "LeftHand" is
#   at the right side of a figure that looks the same way as the glTF's, and a turn to the left goes to the right. With
#   useRightHandedSystem both are right.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Node 20 or newer and npm (some 110 MB on disk).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund @babylonjs/core@9.28.0 @babylonjs/loaders@9.28.0

cat > hands.mjs <<'JS'
import { NullEngine } from '@babylonjs/core/Engines/nullEngine.js';
import { ImportMeshAsync } from '@babylonjs/core/Loading/sceneLoader.js';
import { Scene } from '@babylonjs/core/scene.js';
import '@babylonjs/loaders/BVH/index.js';
import '@babylonjs/loaders/glTF/index.js';

// One figure, facing +z with its left at +x, y up, in a right-handed file.
const BVH = `HIERARCHY
ROOT Hips
{
	OFFSET 0 0 0
	CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
	JOINT LeftHand
	{
		OFFSET 0.6 0 0
		CHANNELS 3 Zrotation Xrotation Yrotation
		End Site
		{
			OFFSET 0.1 0 0
		}
	}
	JOINT Head
	{
		OFFSET 0 0.6 0
		CHANNELS 3 Zrotation Xrotation Yrotation
		JOINT Nose
		{
			OFFSET 0 0 0.1
			CHANNELS 3 Zrotation Xrotation Yrotation
			End Site
			{
				OFFSET 0 0 0.01
			}
		}
	}
}
MOTION
Frames: 1
Frame Time: 0.05
0 0.9 0 0 0 0 0 0 0 0 0 0 0 0 0
`;
const GLTF = {
  asset: { version: '2.0' },
  scene: 0,
  scenes: [{ nodes: [0] }],
  nodes: [
    { name: 'Hips', translation: [0, 0.9, 0], children: [1, 2] },
    { name: 'LeftHand', translation: [0.6, 0, 0] },
    { name: 'Head', translation: [0, 0.6, 0], children: [3] },
    { name: 'Nose', translation: [0, 0, 0.1] },
  ],
};

async function places(extension, text, rightHanded) {
  const scene = new Scene(new NullEngine());
  scene.useRightHandedSystem = rightHanded;
  const result = await ImportMeshAsync(`data:${text}`, scene, { pluginExtension: extension });
  const round = (v) => v.asArray().map((x) => Math.round(x * 1000) / 1000 + 0);
  if (extension === '.gltf') {
    result.transformNodes.forEach((node) => node.computeWorldMatrix(true));
    return Object.fromEntries(result.transformNodes.map((node) => [node.name, round(node.getAbsolutePosition())]));
  }
  const skeleton = result.skeletons[0];
  for (const bone of skeleton.bones) for (const a of bone.animations) bone[a.targetProperty] = a.evaluate(0);
  skeleton.prepare(true);
  return Object.fromEntries(skeleton.bones.map((bone) => [bone.name, round(bone.getAbsolutePosition())]));
}

// Which side of the body the hand is on: the determinant of hand, up and forward is positive for a left hand in right-handed
// axes, and negative for a left hand in left-handed axes.
function side(p, rightHanded) {
  const minus = (a, b) => a.map((v, i) => v - b[i]);
  const [l, u, f] = [minus(p.LeftHand, p.Hips), minus(p.Head, p.Hips), minus(p.Nose, p.Head)];
  const cross = [u[1] * f[2] - u[2] * f[1], u[2] * f[0] - u[0] * f[2], u[0] * f[1] - u[1] * f[0]];
  const determinant = l[0] * cross[0] + l[1] * cross[1] + l[2] * cross[2];
  return determinant > 0 === rightHanded ? 'left' : 'right';
}

const log = console.log;
console.log = () => {};
const seen = {};
for (const rightHanded of [false, true]) {
  for (const [extension, text] of [['.gltf', JSON.stringify(GLTF)], ['.bvh', BVH]]) {
    const p = await places(extension, text, rightHanded);
    const hand = side(p, rightHanded);
    seen[extension + rightHanded] = hand;
    log(`${rightHanded ? 'right' : 'left'}-handed scene, ${extension}: LeftHand ${p.LeftHand}, Nose ${p.Nose}: LeftHand is a ${hand} hand`);
  }
}
if (seen['.gltffalse'] !== 'left' || seen['.gltftrue'] !== 'left' || seen['.bvhtrue'] !== 'left') throw new Error('the reference is wrong');
if (seen['.bvhfalse'] !== 'right') {
  console.error('Babylon behaves differently now');
  process.exit(1);
}
log('as described');
JS
node hands.mjs
