#!/usr/bin/env bash
# fbx-parser 2.1.3 (npm, latest release): names of bones, and small numbers, in FBX files.
#
# Expected: strings of binary FBX files are UTF-8, as the package's parser of text files gives them when the file is read as
#   UTF-8; numbers of text files may be written 1e-05, and a comma inside quotation marks belongs to the string.
# Seen: parseBinary turns each byte into a character: the bone "腕" of a Japanese rig becomes three characters of Latin-1, and the
#   two encodings of one file no longer have the same names. parseText takes every number without a point for a whole one:
#   1e-05 ends in a SyntaxError, 1.0e-05 is right. A comma in a name ends in a SyntaxError too.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Node 18 or newer and npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true, "type": "module"}' > package.json
npm install --silent --no-audit --no-fund fbx-parser@2.1.3

cat > names.mjs <<'JS'
import fbx from 'fbx-parser';

// A binary file of version 7.4 with one node: Model: "腕", 0.5
const name = Buffer.from('Model');
const text = Buffer.from('腕', 'utf8');
const properties = Buffer.alloc(5 + text.length + 9);
properties.write('S');
properties.writeUInt32LE(text.length, 1);
text.copy(properties, 5);
properties.write('D', 5 + text.length);
properties.writeDoubleLE(0.5, 6 + text.length);
const head = Buffer.alloc(27);
head.write('Kaydara FBX Binary  \0\x1a\0', 'latin1');
head.writeUInt32LE(7400, 23);
const node = Buffer.alloc(13);
node.writeUInt32LE(head.length + node.length + name.length + properties.length, 0);
node.writeUInt32LE(2, 4);
node.writeUInt32LE(properties.length, 8);
node[12] = name.length;
const [binary] = fbx.parseBinary(new Uint8Array(Buffer.concat([head, node, name, properties, Buffer.alloc(13)])));

function fromText(value) {
  try {
    return fbx.parseText(`Objects:  {\n\tModel: ${value}\n}\n`)[0].nodes[0].props;
  } catch (error) {
    return error.constructor.name;
  }
}

const seen = {};
function check(what, expected, value) {
  seen[what] = JSON.stringify(value);
  console.log(`${what}: expected ${JSON.stringify(expected)}, seen ${seen[what]}`);
}
check('binary', ['腕', 0.5], binary.props);
check('text', ['腕', 0.5], fromText('"腕", 0.5'));
check('1.0e-05', [0.00001], fromText('1.0e-05'));
check('1e-05', [0.00001], fromText('1e-05'));
check('comma', ['Arm, left'], fromText('"Arm, left"'));

const bytes = [...text].map((byte) => String.fromCharCode(byte)).join('');
const same =
  seen.binary === JSON.stringify([bytes, 0.5]) &&
  seen.text === JSON.stringify(['腕', 0.5]) &&
  seen['1.0e-05'] === '[0.00001]' &&
  seen['1e-05'] === '"SyntaxError"' &&
  seen.comma === '"SyntaxError"';
console.log(same ? 'as described' : 'fbx-parser behaves differently now');
process.exit(same ? 0 : 1);
JS
node names.mjs
