#!/usr/bin/env bash
# mmd-parser 1.0.4 (npm, latest release): poses of MikuMikuDance (VPD), which three's MMD loader reads with it.
#
# Expected: the name of the model and the number of bones are read, and the same for every line ending: MikuMikuDance runs on
#   Windows and ends lines with carriage return and line feed.
# Seen: both characters end a line of their own (/\r|\n|\r\n/ tries the pair last), so the two values are looked for in the wrong
#   lines: the name is empty and the number NaN. The bones are right. With line feeds alone the name keeps its semicolon.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Node 18 or newer and npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund mmd-parser@1.0.4

cat > pose.mjs <<'JS'
import { Parser } from 'mmd-parser';

const lines = [
  'Vocaloid Pose Data file', '', 'miku.osm;', '2;', '',
  'Bone0{センター', '  0.000000,0.500000,0.000000;', '  0.000000,0.000000,0.000000,1.000000;', '}', '',
  'Bone1{頭', '  0.000000,0.000000,0.000000;', '  0.130526,0.000000,0.000000,0.991445;', '}', '',
];
const read = (end) => new Parser().parseVpd(lines.join(end), false);
const results = { 'line feed': read('\n'), 'carriage return and line feed': read('\r\n') };
for (const [name, { metadata, bones }] of Object.entries(results)) {
  console.log(`${name}: expected miku.osm and 2, seen '${metadata.parentFile}' and ${metadata.boneCount}, ${bones.length} bones`);
}
const [unix, windows] = Object.values(results);
const same =
  unix.metadata.boneCount === 2 && unix.metadata.parentFile === 'miku.osm;' &&
  Number.isNaN(windows.metadata.boneCount) && windows.metadata.parentFile === '' &&
  JSON.stringify(unix.bones) === JSON.stringify(windows.bones);
console.log(same ? 'as described' : 'mmd-parser behaves differently now');
process.exit(same ? 0 : 1);
JS
node pose.mjs
