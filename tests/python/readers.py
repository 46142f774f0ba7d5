"""Outside readers of our files: three.js in a headless browser, and where npm puts it."""

import functools
import http.server
import json
import shutil
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
NAMES = [
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle",
    "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
]  # fmt: skip
PARENTS = [0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def npm_modules(artifacts):
    """The folder of the validator and of three.js, from npm; skips where they cannot be had."""
    if shutil.which("npm") is None:
        pytest.skip("there is no npm")
    folder = artifacts / "gltf"
    folder.mkdir(exist_ok=True)
    shutil.copy(HERE / "gltf" / "package.json", folder)
    done = subprocess.run(["npm", "install", "--silent"], cwd=folder, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        pytest.skip(f"npm cannot install the readers: {done.stderr[-200:]}")
    return folder


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line for each."""

    def log_message(self, *_):
        """Say nothing."""


def browse(folder, page):
    """The report of a page in `folder`, as a headless browser shows it; skips without one."""
    browser = next((found for found in map(shutil.which, BROWSERS) if found), None)
    if browser is None:
        pytest.skip("there is no Chromium")
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        words = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--dump-dom"]
        address = f"http://127.0.0.1:{server.server_address[1]}/{page}"
        done = subprocess.run([*words, address], capture_output=True, text=True, timeout=120)
        server.shutdown()
    report = done.stdout.partition("REPORT")[2].partition("FINISH")[0]
    assert report, done.stdout[-500:] + done.stderr[-500:]
    return json.loads(report.replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&"))


def three(modules, kind, file, times, avatar=None):
    """Joints of a file in three.js, at rest and at some times, in seconds."""
    shutil.copy(HERE / "gltf" / "scene.html", modules)
    for path in filter(None, (file, avatar)):
        shutil.copy(path, modules)
    listed = ",".join(f"{time:.6f}" for time in times)
    return browse(modules, f"scene.html#{kind}:{file.name}:{listed}" + (f":{avatar.name}" if avatar else ""))


def assimp(modules, file):
    """A file as assimp reads it, as JSON; see :func:`assimp_joints`."""
    shutil.copy(HERE / "gltf" / "assimp.mjs", modules)
    words = ["node", str(modules / "assimp.mjs"), str(file)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    return json.loads(done.stdout)


def assimp_joints(scene, frame):
    """Places of our joints at a key of the only animation, in the file's unit."""
    channels = {channel["name"]: channel for channel in scene["animations"][0]["channels"]}
    places = {}

    def visit(node, above):
        here = np.array(node["transformation"], dtype=float).reshape(4, 4)
        if node["name"] in channels:
            channel = channels[node["name"]]
            turns, moves = channel["rotationkeys"], channel["positionkeys"]
            w, x, y, z = turns[min(frame, len(turns) - 1)][1]
            here = np.eye(4)
            here[:3, :3] = matrix((x, y, z, w))
            here[:3, 3] = moves[min(frame, len(moves) - 1)][1]
        world = above @ here
        places[node["name"]] = world[:3, 3]
        for child in node.get("children", []):
            visit(child, world)

    visit(scene["rootnode"], np.eye(4))
    return np.array([places[name] for name in NAMES])


def y_up(points):
    """From vimogen's world to that of files with y up."""
    return np.stack([-points[..., 0], points[..., 2], points[..., 1]], axis=-1)


def world_turns(motion):
    """Rotations of the joints to the world with y up, (T, 22, 3, 3); at rest, in a T, there is none."""
    smpl = motion.smpl()
    local = turns(np.concatenate([smpl["global_orient"], smpl["body_pose"]], axis=1).reshape(len(motion), 22, 3))
    world = np.empty_like(local)
    for joint, parent in enumerate(PARENTS):
        above = world[:, parent] if joint else np.array([[-1.0, 0, 0], [0, 0, 1], [0, 1, 0]])
        world[:, joint] = above @ local[:, joint]
    return world


def turns(vectors):
    """Rotation matrices of axis-angle vectors."""
    angle = np.linalg.norm(vectors, axis=-1)[..., None, None]
    x, y, z = np.moveaxis(vectors / np.maximum(angle[..., 0], 1e-12), -1, 0)
    o = np.zeros_like(x)
    cross = np.stack([o, -z, y, z, o, -x, -y, x, o], axis=-1).reshape(*x.shape, 3, 3)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def matrix(q):
    """The rotation matrix of a quaternion (x, y, z, w)."""
    x, y, z, w = np.array(q) / np.linalg.norm(q)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def degrees(a, b):
    """The angle between two rotation matrices."""
    return np.degrees(np.arccos(np.clip((np.trace(a.T @ b) - 1) / 2, -1, 1)))
