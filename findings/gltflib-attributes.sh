#!/usr/bin/env bash
# gltflib 1.0.13 (PyPI, latest release): mesh attributes of a GLB that is loaded and exported again, unchanged.
#
# Expected: attributes are kept, or a message names those that are not. glTF 2.0 (section 3.7.2.1) names TEXCOORD_n, COLOR_n,
#   JOINTS_n and WEIGHTS_n for any n, and attributes of an application begin with an underscore.
# Seen: only the names with the indices of its own class survive. JOINTS_1 and WEIGHTS_1 (characters with up to eight bones
#   per vertex), COLOR_1, TEXCOORD_2 and custom attributes disappear without a message; vertices that hang on a fifth bone tear.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check gltflib==1.0.13

env/bin/python - <<'PY'
import json
import struct
import sys

from gltflib import GLTF

ATTRIBUTES = {
    "POSITION": 0, "COLOR_0": 0, "COLOR_1": 0, "TEXCOORD_0": 3, "TEXCOORD_1": 3, "TEXCOORD_2": 3,
    "JOINTS_0": 1, "WEIGHTS_0": 2, "JOINTS_1": 1, "WEIGHTS_1": 2, "_MASS": 4,
}  # fmt: skip
document = {
    "asset": {"version": "2.0"},
    "scenes": [{"nodes": [0]}],
    "nodes": [{"mesh": 0, "skin": 0}, {"name": "bone"}],
    "skins": [{"joints": [1]}],
    "meshes": [{"primitives": [{"attributes": ATTRIBUTES}]}],
    "accessors": [
        {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]},
        {"bufferView": 1, "componentType": 5121, "count": 3, "type": "VEC4"},
        {"bufferView": 2, "componentType": 5126, "count": 3, "type": "VEC4"},
        {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC2"},
        {"bufferView": 0, "componentType": 5126, "count": 3, "type": "SCALAR"},
    ],
    "bufferViews": [
        {"buffer": 0, "byteOffset": 0, "byteLength": 36},
        {"buffer": 0, "byteOffset": 36, "byteLength": 12},
        {"buffer": 0, "byteOffset": 48, "byteLength": 48},
    ],
    "buffers": [{"byteLength": 96}],
}


def attributes(path):
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack_from("<I", data, 12)
    return set(json.loads(data[20 : 20 + length])["meshes"][0]["primitives"][0]["attributes"])


text = json.dumps(document).encode()
text += b" " * (-len(text) % 4)
binary = struct.pack("<9f", 0, 0, 0, 1, 0, 0, 0, 1, 0) + bytes(12) + struct.pack("<12f", *[1, 0, 0, 0] * 3)
with open("in.glb", "wb") as file:
    file.write(struct.pack("<4sII", b"glTF", 2, 28 + len(text) + len(binary)))
    file.write(struct.pack("<I4s", len(text), b"JSON") + text)
    file.write(struct.pack("<I4s", len(binary), b"BIN\0") + binary)

GLTF.load("in.glb").export("out.glb")
lost = sorted(attributes("in.glb") - attributes("out.glb"))
print("lost:", ", ".join(lost) or "nothing")
if lost != ["COLOR_1", "JOINTS_1", "TEXCOORD_2", "WEIGHTS_1", "_MASS"]:
    sys.exit("gltflib behaves differently now")
print("as described")
PY
