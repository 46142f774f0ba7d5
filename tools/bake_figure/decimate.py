"""Fewer triangles by collapsed edges, on one half of a symmetric mesh (quadrics: Garland and Heckbert 1997).

An edge collapses into one of its ends, so that every vertex that is left keeps its place and its skinning weights. The
midline stays on the midline: the mirror image closes the surface.
"""

import heapq

import numpy as np

# Cost of a long edge, so that flat regions get even triangles.
LENGTH = 3e-4
# Edges do not grow longer than this, metres: long ones bend badly.
LONGEST = 0.055
# Minimum cosine between a triangle's normals before and after.
FLIP = 0.6
# Minimum ratio of a triangle's area to the square of its longest edge.
THIN = 0.03


class Half:
    """One half of a symmetric surface; vertices on the midline have x = 0."""

    def __init__(self, vertices: np.ndarray, faces: np.ndarray, midline: np.ndarray, importance: np.ndarray) -> None:
        self.at = [tuple(p) for p in vertices.tolist()]
        self.midline = midline.tolist()
        self.faces = {i: tuple(face) for i, face in enumerate(faces.tolist())}
        self.of: list[set[int]] = [set() for _ in self.at]
        for i, face in self.faces.items():
            for corner in face:
                self.of[corner].add(i)
        self.quadrics = _quadrics(vertices, faces, midline, importance)
        self.stamp = [0] * len(self.at)

    def near(self, vertex: int) -> set[int]:
        out = {corner for face in self.of[vertex] for corner in self.faces[face]}
        out.discard(vertex)
        return out

    def simplify(self, target: int) -> None:
        """Collapses edges, the cheapest first, until `target` vertices are left."""
        count = sum(1 for faces in self.of if faces)
        heap: list[tuple[float, int, int, int, int]] = []
        for vertex in range(len(self.at)):
            self._offer(heap, vertex)
        while count > target and heap:
            _, gone, kept, stamp, other = heapq.heappop(heap)
            if self.stamp[gone] != stamp or self.stamp[kept] != other or not self._may(gone, kept):
                continue
            self._collapse(gone, kept)
            count -= 1
            for vertex in sorted(self.near(kept) | {kept}):
                self.stamp[vertex] += 1
            for vertex in sorted(self.near(kept) | {kept}):
                self._offer(heap, vertex)

    def _offer(self, heap: list[tuple[float, int, int, int, int]], vertex: int) -> None:
        for other in sorted(self.near(vertex)):
            for gone, kept in ((vertex, other), (other, vertex)):
                heapq.heappush(heap, (self._cost(gone, kept), gone, kept, self.stamp[gone], self.stamp[kept]))

    def _cost(self, gone: int, kept: int) -> float:
        x, y, z = self.at[kept]
        q = self.quadrics[gone]
        p = self.quadrics[kept]
        a, b, c, d, e, f, g, h, i, j = [s + t for s, t in zip(q[:10], p[:10], strict=True)]
        error = a * x * x + e * y * y + h * z * z + j + 2 * (b * x * y + c * x * z + d * x + f * y * z + g * y + i * z)
        return max(error, 0.0) + LENGTH * _square(self.at[gone], self.at[kept]) * (q[10] + p[10])

    def _may(self, gone: int, kept: int) -> bool:
        shared = self.of[gone] & self.of[kept]
        if not shared or (self.midline[gone] and (not self.midline[kept] or len(shared) != 1)):
            return False
        near, other = self.near(gone), self.near(kept)
        if len(near & other) != len(shared) or (not self.midline[gone] and len(shared) != 2):
            return False
        fresh = near - other - {kept}
        if self.midline[kept] and any(self.midline[v] for v in fresh):
            return False
        longest = LONGEST * LONGEST
        if any(_square(self.at[kept], self.at[v]) > longest for v in fresh):
            return False
        return all(self._keeps_shape(face, gone, kept) for face in self.of[gone] - shared)

    def _keeps_shape(self, face: int, gone: int, kept: int) -> bool:
        corners = self.faces[face]
        before = _across(*(self.at[v] for v in corners))
        moved = [self.at[kept if v == gone else v] for v in corners]
        after = _across(*moved)
        dot = sum(s * t for s, t in zip(before, after, strict=True))
        sizes = sum(s * s for s in before), sum(s * s for s in after)
        longest = max(_square(moved[k], moved[k - 1]) for k in range(3))
        old = max(_square(self.at[corners[k]], self.at[corners[k - 1]]) for k in range(3))
        thin = min(THIN, 0.5 * sizes[0] ** 0.5 / max(old, 1e-18))
        return dot > FLIP * (sizes[0] * sizes[1]) ** 0.5 and sizes[1] ** 0.5 > thin * longest

    def _collapse(self, gone: int, kept: int) -> None:
        for face in self.of[gone] & self.of[kept]:
            for corner in self.faces.pop(face):
                self.of[corner].discard(face)
        for face in self.of[gone]:
            self.faces[face] = tuple(kept if v == gone else v for v in self.faces[face])
            self.of[kept].add(face)
        self.of[gone] = set()
        self.quadrics[kept] = [s + t for s, t in zip(self.quadrics[kept], self.quadrics[gone], strict=True)]


def _quadrics(
    vertices: np.ndarray, faces: np.ndarray, midline: np.ndarray, importance: np.ndarray
) -> list[list[float]]:
    """Per vertex, the 10 entries of its quadric and the sum of the weights."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    across = np.cross(b - a, c - a)
    size = np.linalg.norm(across, axis=1)
    normal = across / np.maximum(size, 1e-18)[:, None]
    plane = np.concatenate([normal, -(normal * a).sum(1)[:, None]], 1)
    weight = size / 6 * importance[faces].mean(1)
    image = plane * [-1, 1, 1, 1]
    out = np.zeros((len(vertices), 11))
    rows, columns = np.triu_indices(4)
    for corner in range(3):
        at = faces[:, corner]
        np.add.at(out[:, :10], at, plane[:, rows] * plane[:, columns] * weight[:, None])
        # Vertices of the midline have the other half's faces as well.
        both = weight * midline[at]
        np.add.at(out[:, :10], at, image[:, rows] * image[:, columns] * both[:, None])
        np.add.at(out[:, 10], at, weight + both)
    return out.tolist()


def _square(p: tuple[float, ...], q: tuple[float, ...]) -> float:
    return (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 + (p[2] - q[2]) ** 2


def _across(a: tuple[float, ...], b: tuple[float, ...], c: tuple[float, ...]) -> tuple[float, float, float]:
    u, v = (b[0] - a[0], b[1] - a[1], b[2] - a[2]), (c[0] - a[0], c[1] - a[1], c[2] - a[2])
    return u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]
