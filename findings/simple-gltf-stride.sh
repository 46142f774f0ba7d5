#!/usr/bin/env bash
# simple-gltf 0.1.0 (PyPI, latest release): arrays and node matrices of a glTF file.
#
# Expected: positions and normals that share a buffer view (byteStride 24, as glTF 2.0 section 3.6.2.4 describes) are read apart;
#   a node's matrix, stored by columns, has its translation in the last column.
# Seen: the stride is ignored: of three vertices the second "position" is the first normal. (pygltflib, below it, leaves such
#   things to its user.) The matrix is transposed: multiplied with a point it does not translate it.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check simple-gltf==0.1.0 pygltflib==1.16.5 numpy==2.2.6

env/bin/python - <<'PY'
import base64
import json
import sys

import numpy as np
from pygltflib import GLTF2
from simple_gltf import RootInterface

POSITIONS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], "<f4")
NORMALS = np.array([[0, 0, 1]] * 3, "<f4")
data = np.hstack([POSITIONS, NORMALS]).tobytes()
document = {
    "asset": {"version": "2.0"},
    "scene": 0,
    "scenes": [{"nodes": [0]}],
    "nodes": [{"name": "figure", "mesh": 0, "matrix": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 5, 6, 7, 1]}],
    "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "NORMAL": 1}}]}],
    "accessors": [
        {"bufferView": 0, "byteOffset": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]},
        {"bufferView": 0, "byteOffset": 12, "componentType": 5126, "count": 3, "type": "VEC3"},
    ],
    "bufferViews": [{"buffer": 0, "byteOffset": 0, "byteLength": len(data), "byteStride": 24, "target": 34962}],
    "buffers": [{"byteLength": len(data), "uri": "data:application/octet-stream;base64," + base64.b64encode(data).decode()}],
}
with open("figure.gltf", "w") as file:
    json.dump(document, file)

node = RootInterface(GLTF2().load("figure.gltf")).scene.nodes[0]
primitive = node.mesh.primitives[0]
print(f"positions: expected {POSITIONS.tolist()}, seen {primitive.position.tolist()}")
print(f"normals: expected {NORMALS.tolist()}, seen {primitive.normal.tolist()}")
place = node.matrix @ [1, 0, 0, 1]
print(f"the second vertex in the world: expected [6, 6, 7, 1], seen {place.tolist()}")

same = (
    np.array_equal(primitive.position, [[0, 0, 0], [0, 0, 1], [1, 0, 0]])
    and np.array_equal(primitive.normal, [[0, 0, 1], [1, 0, 0], [0, 0, 1]])
    and np.array_equal(node.matrix[3], [5, 6, 7, 1])
)
print("as described" if same else "simple-gltf behaves differently now")
sys.exit(not same)
PY
