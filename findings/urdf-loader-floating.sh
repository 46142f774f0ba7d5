#!/usr/bin/env bash
# urdf-loader 0.13.1 (npm, latest release) with three 0.187.0: floating, planar and mimic joints.
#
# Expected: a joint moves in the frame that its <origin> places (URDF's specification), as this loader's prismatic joint does:
#   a floating root with its origin at x = 1 turns in place, a planar joint whose origin is turned by 90 degrees moves along the
#   parent's y. Roll, pitch and yaw mean the same in a floating joint's value as in an <origin>. A mimic joint is
#   multiplier * other + offset, after loading too, and follows the other joint where that one stops at its limit.
# Seen: the motion is applied outside of the origin: the floating root swings to (0, 1, 0), the planar joint goes along x. The
#   angles of a floating joint are applied in the opposite order: with 0.5 0.6 0.7 it is 33.8 degrees from the same <origin rpy>.
#   After loading a mimic joint stands at 0 instead of its offset 0.2. A leader that is sent to 3 stops at its limit 1; its mimic
#   joint goes on to 1.7 instead of 0.7.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Node 20 or newer and npm (some 70 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund urdf-loader@0.13.1 three@0.187.0 jsdom@26.1.0

cat > joints.mjs <<'JS'
import { JSDOM } from 'jsdom';
import * as THREE from 'three';

const { window } = new JSDOM('');
Object.assign(globalThis, { Document: window.Document, Element: window.Element, DOMParser: window.DOMParser });
const { default: URDFLoader } = await import('urdf-loader');

const link = (name) => `<link name="${name}"/>`;
const joint = (name, type, parent, child, origin, inside = '') =>
  `<joint name="${name}" type="${type}"><parent link="${parent}"/><child link="${child}"/><origin ${origin}/>` +
  `<axis xyz="${type === 'planar' ? '0 0 1' : '1 0 0'}"/><limit lower="-1" upper="1" effort="1" velocity="1"/>${inside}</joint>`;
const load = (...parts) => new URDFLoader().parse(`<robot name="robot">${parts.join('')}</robot>`);
const round = (value) => Math.round(value * 1e4) / 1e4 + 0;

function pose(type, origin, values) {
  const robot = load(link('world'), link('base'), joint('move', type, 'world', 'base', origin));
  if (values) robot.setJointValue('move', ...values);
  robot.updateMatrixWorld(true);
  const place = new THREE.Vector3();
  const rotation = new THREE.Quaternion();
  robot.links.base.matrixWorld.decompose(place, rotation, new THREE.Vector3());
  return { place: place.toArray().map(round), rotation };
}

const seen = {};
function check(name, expected, value) {
  seen[name] = JSON.stringify(value);
  console.log(`${name}: expected ${JSON.stringify(expected)}, seen ${seen[name]}`);
}

const turned = `xyz="1 0 0" rpy="0 0 ${Math.PI / 2}"`;
check('prismatic', [1, 0.5, 0], pose('prismatic', turned, [0.5]).place);
check('planar', [1, 0.5, 0], pose('planar', turned, [0.5, 0, 0]).place);
check('floating', [1, 0.5, 0], pose('floating', turned, [0.5, 0, 0, 0, 0, 0]).place);
check('floating, yaw only', [1, 0, 0], pose('floating', 'xyz="1 0 0" rpy="0 0 0"', [0, 0, 0, 0, 0, Math.PI / 2]).place);

// Roll, then pitch, then yaw about fixed axes, by hand: Rz Ry Rx.
const about = (x, y, z, angle) => new THREE.Quaternion().setFromAxisAngle(new THREE.Vector3(x, y, z), angle);
const right = about(0, 0, 1, 0.7).multiply(about(0, 1, 0, 0.6)).multiply(about(1, 0, 0, 0.5));
const degrees = (q) => Math.round((2 * Math.acos(Math.min(1, Math.abs(q.dot(right)))) * 1800) / Math.PI) / 10;
check('degrees off, origin', 0, degrees(pose('fixed', 'xyz="0 0 0" rpy="0.5 0.6 0.7"').rotation));
check('degrees off, floating', 0, degrees(pose('floating', 'xyz="0 0 0" rpy="0 0 0"', [0, 0, 0, 0.5, 0.6, 0.7]).rotation));

const zero = 'xyz="0 0 0" rpy="0 0 0"';
const hand = load(
  ...['palm', 'middle', 'end'].map(link),
  joint('finger', 'revolute', 'palm', 'middle', zero),
  joint('tip', 'continuous', 'middle', 'end', zero, '<mimic joint="finger" multiplier="0.5" offset="0.2"/>'),
);
const angles = () => [hand.joints.finger.angle, round(hand.joints.tip.angle)];
check('finger and tip, loaded', [0, 0.2], angles());
hand.setJointValue('finger', 0.6);
check('finger and tip, sent to 0.6', [0.6, 0.5], angles());
hand.setJointValue('finger', 3);
check('finger and tip, sent to 3', [1, 0.7], angles());

const described = {
  prismatic: '[1,0.5,0]',
  planar: '[1.5,0,0]',
  floating: '[1.5,0,0]',
  'floating, yaw only': '[0,1,0]',
  'degrees off, origin': '0',
  'degrees off, floating': '33.8',
  'finger and tip, loaded': '[0,0]',
  'finger and tip, sent to 0.6': '[0.6,0.5]',
  'finger and tip, sent to 3': '[1,1.7]',
};
const same = Object.entries(described).every(([name, value]) => seen[name] === value);
console.log(same ? 'as described' : 'urdf-loader behaves differently now');
process.exit(same ? 0 : 1);
JS
node joints.mjs
