"""Prints a table of other programs: where each puts the joints of our files, by itself.

    .venv/bin/python tests/python/programs.py [--blender PYTHON] [--artifacts target]

Errors are the largest distance of any of 22 joints in any of 100 frames from the motion, and for avatars the largest
angle. Programs that cannot be had are left out. PYTHON is one with the module ``bpy``.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

import readers
import vimogen
from avatars import write_avatar
from test_other_programs import VRM

HERE = Path(__file__).parent
STEP = 9


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blender", help="a Python that has Blender as the module bpy")
    parser.add_argument("--artifacts", type=Path, default=HERE.parents[1] / "target", help="cargo's target folder")
    options = parser.parse_args()
    walk = vimogen.generate("a person walks forward and turns left", seed=1)
    places = readers.y_up(vimogen.Body().joints(walk))
    print("| program | file | error |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        for measure in (three, avatars, assimp, usd, blender):
            for row in measure(walk, places, at, options):
                print(f"| {' | '.join(row)} |", flush=True)


def far(got, want):
    """The largest distance, in words."""
    return f"{1000 * np.linalg.norm(got - want, axis=-1).max():.3f} mm"


def of_npm(options, package):
    """The folder of npm's packages and the version of one."""
    modules = readers.npm_modules(options.artifacts)
    return modules, json.loads((modules / "node_modules" / package / "package.json").read_text())["version"]


def three(walk, places, at, options):
    """Rows of three.js."""
    modules, version = of_npm(options, "three")
    frames = range(0, len(walk), STEP)
    for kind, metres, names in (("glb", 1, "smpl"), ("fbx", 0.01, "smpl"), ("bvh", 0.01, "smpl")):
        walk.save(at / f"a.{kind}", joint_names=names)
        seen = readers.three(modules, kind, at / f"a.{kind}", [frame / walk.fps for frame in frames])
        got = metres * np.array([[found[name]["place"] for name in readers.NAMES] for found in seen["frames"]])
        yield f"three.js 0.{version.split('.')[1]}", f"`.{kind}`", far(got, places[::STEP])


def avatars(walk, _places, at, options):
    """Rows of VRM avatars: all bones, and the required ones."""
    modules, version = of_npm(options, "@pixiv/three-vrm-animation")
    turns, frames = readers.world_turns(walk), range(0, len(walk), STEP)
    for bones, about in (("all", "`.vrma`"), ("required", "`.vrma`, `--bones required`, a minimal avatar")):
        avatar = write_avatar(at / f"{bones}.vrm", required_only=bones == "required", twist=30)
        walk.save(at / f"{bones}.vrma", bones=bones)
        times = [frame / walk.fps for frame in frames]
        seen = readers.three(modules, "vrma", at / f"{bones}.vrma", times, avatar)
        worst = 0.0
        for frame, found in zip(frames, seen["frames"], strict=True):
            for name in found:
                joint = "upperChest" if bones == "required" and name == "spine" else name
                was, now = (readers.matrix(where[name]["turn"]) for where in (seen["rest"], found))
                worst = max(worst, readers.degrees(now @ was.T, turns[frame, VRM.index(joint)]))
        yield f"three-vrm-animation {version}", about, f"{worst:.3f} degrees"


def assimp(walk, places, at, options):
    """Rows of assimp."""
    modules, version = of_npm(options, "assimpjs")
    for kind, metres in (("glb", 1), ("fbx", 0.01)):
        walk.save(at / f"a.{kind}")
        scene = readers.assimp(modules, at / f"a.{kind}")
        got = np.array([readers.assimp_joints(scene, frame) for frame in range(len(walk))])
        yield f"assimp (assimpjs {version})", f"`.{kind}`", far(metres * got, places)


def usd(walk, places, at, _options):
    """Rows of UsdSkel."""
    try:
        from pxr import Usd, UsdSkel
    except ImportError:
        return
    for ending in ("usda", "usdz"):
        walk.save(at / f"a.{ending}")
        stage = Usd.Stage.Open(str(at / f"a.{ending}"))
        cache = UsdSkel.Cache()
        cache.Populate(UsdSkel.Root(stage.GetDefaultPrim()), Usd.TraverseInstanceProxies())
        query = cache.GetSkelQuery(UsdSkel.Skeleton(stage.GetPrimAtPath("/body/skeleton")))
        found = [query.ComputeJointSkelTransforms(Usd.TimeCode(frame)) for frame in range(len(walk))]
        got = np.array([[joint.ExtractTranslation() for joint in joints] for joints in found])
        version = ".".join(map(str, Usd.GetVersion()[1:]))
        yield f"OpenUSD {version} (UsdSkel)", f"`.{ending}`", far(got, places)


def blender(walk, places, at, options):
    """Rows of Blender: three frames of each file."""
    if not options.blender:
        return
    files = {
        "a.glb": "`.glb`",
        "cm.bvh": "`.bvh`, scale 0.01",
        "new.fbx": "`.fbx`, *FBX (.fbx)*",
        "addon.fbx": "`.fbx`, the add-on",
        "a.usda": "`.usda`",
        "a.usdz": "`.usdz`",
    }
    for name, about in files.items():
        walk.save(at / name)
        words = [options.blender, str(HERE / "blender_look.py"), str(at / name)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=True)
        seen = json.loads(done.stdout.splitlines()[-1])
        first = seen["frames"][0]
        got = np.array([[joints[joint] for joint in readers.NAMES] for joints in seen["joints"].values()])
        want = places[[int(frame) - first for frame in seen["joints"]]]
        # Blender's z is up, and -y is its front.
        yield f"Blender {seen['version']}", about, far(got, np.stack([want[..., 0], -want[..., 2], want[..., 1]], -1))


if __name__ == "__main__":
    main()
