"""VRM avatars made for tests: humanoids without a mesh, of other proportions, with nodes that are turned at rest."""

import json
import struct

import numpy as np

# Bone, the bone above it in a full avatar, and its place relative to that one, metres.
BONES = {
    "hips": (None, (0, 0.7, 0)),
    "spine": ("hips", (0, 0.1, -0.01)),
    "chest": ("spine", (0, 0.1, 0)),
    "upperChest": ("chest", (0, 0.1, 0)),
    "neck": ("upperChest", (0, 0.1, 0)),
    "head": ("neck", (0, 0.08, 0.02)),
    "leftShoulder": ("upperChest", (0.04, 0.07, 0)),
    "leftUpperArm": ("leftShoulder", (0.1, 0, 0)),
    "leftLowerArm": ("leftUpperArm", (0.2, 0, 0)),
    "leftHand": ("leftLowerArm", (0.2, 0, 0)),
    "leftUpperLeg": ("hips", (0.08, -0.05, 0)),
    "leftLowerLeg": ("leftUpperLeg", (0, -0.3, 0)),
    "leftFoot": ("leftLowerLeg", (0, -0.3, 0)),
    "leftToes": ("leftFoot", (0, -0.05, 0.1)),
}
OPTIONAL = ("chest", "upperChest", "neck", "Shoulder", "Toes")


def bones(*, required_only):
    """All bones, or the 15 that every avatar has, with the bone above each and their distance."""
    both = dict(BONES)
    for name, (above, (x, y, z)) in BONES.items():
        if name.startswith("left"):
            both[name.replace("left", "right")] = (above and above.replace("left", "right"), (-x, y, z))

    def dropped(name):
        return required_only and name.endswith(OPTIONAL)

    kept = {}
    for name, (above, place) in both.items():
        if dropped(name):
            continue
        place = np.array(place, dtype=float)
        while above is not None and dropped(above):
            above, further = both[above]
            place = place + further
        kept[name] = (above, place)
    return kept


def write_avatar(path, *, required_only=False, twist=0.0):
    """Write a VRM 1.0 avatar; `twist` turns each node about its own vertical at rest, degrees."""
    kept = bones(required_only=required_only)
    names = list(kept)
    half = np.radians(twist) / 2
    turn, back = np.array([0, np.sin(half), 0, np.cos(half)]), np.radians(-twist)
    unturn = np.array([[np.cos(back), 0, np.sin(back)], [0, 1, 0], [-np.sin(back), 0, np.cos(back)]])
    nodes = []
    for name, (above, place) in kept.items():
        # Only the first node is turned: those below keep the axes that it gives them.
        offset = place if above is None else unturn @ place
        node = {"name": name, "translation": [float(v) for v in offset]}
        if above is None:
            node["rotation"] = [float(v) for v in turn]
        children = [names.index(child) for child, (of, _) in kept.items() if of == name]
        if children:
            node["children"] = children
        nodes.append(node)
    document = {
        "asset": {"version": "2.0"},
        "extensionsUsed": ["VRMC_vrm"],
        "extensions": {
            "VRMC_vrm": {
                "specVersion": "1.0",
                "meta": {
                    "name": "test",
                    "authors": ["vimogen"],
                    "licenseUrl": "https://vrm.dev/licenses/1.0/",
                },
                "humanoid": {"humanBones": {name: {"node": i} for i, name in enumerate(names)}},
            }
        },
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": nodes,
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    path.write_bytes(b"glTF" + struct.pack("<III", 2, 20 + len(text), len(text)) + b"JSON" + text)
    return path
