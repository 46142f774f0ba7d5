"""Triangle meshes: neighbours, normals, relaxation, and the cavities of the head, which nobody sees."""

import numpy as np


def triangles(quads: np.ndarray) -> np.ndarray:
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def neighbours(faces: np.ndarray, count: int) -> list[list[int]]:
    """Vertices that share an edge of a face with each vertex, in ascending order."""
    out: list[set[int]] = [set() for _ in range(count)]
    for face in faces.tolist():
        for a, b in zip(face, face[1:] + face[:1], strict=True):
            out[a].add(b)
            out[b].add(a)
    return [sorted(near) for near in out]


def normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals of the vertices, means of the faces' weighted by area."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    across = np.cross(b - a, c - a)
    out = np.zeros_like(vertices)
    for corner in range(faces.shape[1]):
        np.add.at(out, faces[:, corner], across)
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)


def component(members: np.ndarray, near: list[list[int]]) -> np.ndarray:
    """The largest connected part of the vertices marked in `members`."""
    left, best = set(np.flatnonzero(members).tolist()), []
    while left:
        stack, part = [min(left)], []
        left.discard(stack[0])
        while stack:
            vertex = stack.pop()
            part.append(vertex)
            reached = [other for other in near[vertex] if other in left]
            left.difference_update(reached)
            stack.extend(reached)
        if len(part) > len(best):
            best = part
    return np.array(sorted(best), int)


def relax(vertices: np.ndarray, moving: np.ndarray, near: list[list[int]], rounds: int) -> np.ndarray:
    """Moves the given vertices to the means of their neighbours, so that they span the hole that they lined."""
    out = vertices.copy()
    most = max(len(near[v]) for v in moving)
    table = np.array([near[v] + [v] * (most - len(near[v])) for v in moving])
    own = np.array([most - len(near[v]) for v in moving])[:, None]
    for _ in range(rounds):
        out[moving] = (out[table].sum(1) - own * out[moving]) / (most - own)
    return out


def with_eye(vertices: np.ndarray, faces: np.ndarray, near: list[list[int]], ball: np.ndarray) -> np.ndarray:
    """Draws the socket of one eye forward onto its eyeball: vertices of the socket move, the lids stay."""
    centre = (ball.min(0) + ball.max(0)) / 2
    radius = np.median(np.linalg.norm(ball - centre, axis=1))
    away = vertices - centre
    distance = np.linalg.norm(away, axis=1)
    inwards = -(normals(vertices, faces) * away).sum(1) / np.maximum(distance, 1e-9)
    socket = component((distance < 1.1 * radius) & (inwards > 0.5), near)
    out = relax(vertices, socket, near, 600)
    away = out[socket] - centre
    out[socket] = centre + away * (0.97 * radius / np.linalg.norm(away, axis=1, keepdims=True))
    return out


def hidden(vertices: np.ndarray, faces: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Marks the vertices in a box of which no face is seen from before it, by rays in parallel bundles."""
    inside = ((vertices > box[0]) & (vertices < box[1])).all(1)
    of_box = faces[inside[faces].any(1)]
    a, b, c = (vertices[of_box[:, corner]] for corner in range(3))
    across, middle = np.cross(b - a, c - a), (a + b + c) / 3
    seen = np.zeros(len(of_box), bool)
    for yaw in np.radians(np.arange(-75, 76, 15)):
        for pitch in np.radians(np.arange(-60, 61, 20)):
            ahead = np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)])
            right = np.cross([0.0, 1.0, 0.0], ahead)
            right /= np.linalg.norm(right)
            frame = np.stack([right, np.cross(ahead, right), ahead], 1)
            rays = np.flatnonzero(~seen & (across @ ahead > 0))
            seen[rays] = ~_blocked(middle[rays] @ frame, a @ frame, b @ frame, c @ frame)
    out = inside.copy()
    out[of_box[seen]] = False
    return out


def _blocked(points: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Whether a triangle lies before each point, towards positive z."""
    out = np.zeros(len(points), bool)
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    good = np.abs(area) > 1e-12
    a, b, c, area = a[good], b[good], c[good], area[good]
    for first in range(0, len(points), 256):
        x, y, z = (points[first : first + 256, axis, None] for axis in range(3))
        u = ((x - a[:, 0]) * (c[:, 1] - a[:, 1]) - (y - a[:, 1]) * (c[:, 0] - a[:, 0])) / area
        v = ((b[:, 0] - a[:, 0]) * (y - a[:, 1]) - (b[:, 1] - a[:, 1]) * (x - a[:, 0])) / area
        depth = a[:, 2] + u * (b[:, 2] - a[:, 2]) + v * (c[:, 2] - a[:, 2])
        out[first : first + 256] = ((u >= 0) & (v >= 0) & (u + v <= 1) & (depth > z + 1e-5)).any(1)
    return out
