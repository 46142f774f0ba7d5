"""Files in formats for other programs, read by these programs where they can be had."""

import json
import subprocess
import sys

import numpy as np
import pytest

import vimogen
from avatars import write_avatar
from readers import NAMES, assimp, assimp_joints, degrees, matrix, npm_modules, three, world_turns, y_up

# VRM's names of our joints.
VRM = [
    "hips", "leftUpperLeg", "rightUpperLeg", "spine", "leftLowerLeg", "rightLowerLeg", "chest", "leftFoot",
    "rightFoot", "upperChest", "leftToes", "rightToes", "neck", "leftShoulder", "rightShoulder", "head",
    "leftUpperArm", "rightUpperArm", "leftLowerArm", "rightLowerArm", "leftHand", "rightHand",
]  # fmt: skip
FRAMES = (0, 7, 20, 39)


@pytest.fixture(scope="module")
def walk():
    return vimogen.generate("a person walks forward and turns left", num_frames=40, num_inference_steps=8, seed=1)


@pytest.fixture(scope="module")
def places(walk):
    """Joints of the body that wears the motion, y up."""
    return y_up(vimogen.Body().joints(walk))


@pytest.fixture(scope="module")
def modules(artifacts):
    return npm_modules(artifacts)


def named(frame):
    return np.array([frame[name]["place"] for name in NAMES])


@pytest.mark.parametrize(("kind", "unit", "metres"), [("glb", None, 1), ("fbx", None, 0.01), ("fbx", "m", 1)])
def test_three_js_puts_joints_where_they_are(kind, unit, metres, walk, places, modules, tmp_path):
    file = tmp_path / f"walk-{unit}.{kind}"
    walk.save(file, unit=unit)
    seen = three(modules, kind, file, [frame / walk.fps for frame in FRAMES])
    assert seen["duration"] == pytest.approx(39 / 20, abs=1e-4)
    for frame, found in zip(FRAMES, seen["frames"], strict=True):
        np.testing.assert_allclose(metres * named(found), places[frame], atol=2e-4)


@pytest.mark.parametrize(("kind", "metres"), [("glb", 1), ("fbx", 0.01)])
def test_assimp_puts_joints_where_they_are(kind, metres, walk, places, modules, tmp_path):
    walk.save(tmp_path / f"walk.{kind}")
    scene = assimp(modules, tmp_path / f"walk.{kind}")
    assert len(scene["meshes"]) == 1 and len(scene["meshes"][0]["bones"]) == 22
    for frame in FRAMES:
        np.testing.assert_allclose(metres * assimp_joints(scene, frame), places[frame], atol=2e-4)


def test_a_character_stands_on_the_ground_before_it_moves(walk, modules, tmp_path):
    walk.save(tmp_path / "walk.fbx")
    low, high = three(modules, "fbx", tmp_path / "walk.fbx", [0])["height"]
    assert abs(low) < 0.1 and 160 < high < 190, "centimetres"
    walk.save(tmp_path / "walk.glb")
    document = json.loads(glb_json(tmp_path / "walk.glb"))
    bounds = document["accessors"][document["meshes"][0]["primitives"][0]["attributes"]["POSITION"]]
    assert bounds["min"][1] == pytest.approx(0, abs=1e-6) and 1.6 < bounds["max"][1] < 1.9


def glb_json(path):
    data = path.read_bytes()
    return data[20 : 20 + int.from_bytes(data[12:16], "little")]


def test_one_frame_is_a_pose(walk, places, modules, tmp_path):
    pose = walk[7:8]
    for ending, metres in (("glb", 1), ("fbx", 0.01)):
        file = tmp_path / f"pose.{ending}"
        pose.save(file)
        seen = three(modules, ending, file, [0])
        np.testing.assert_allclose(metres * named(seen["rest"]), places[7], atol=2e-4)
    again = vimogen.Motion.load(tmp_path / "pose.glb")
    assert len(again) == 1 and again.fps == 20
    np.testing.assert_allclose(again.joints, pose.joints, atol=1e-3)


def test_names_without_a_colon_play_in_three_js(walk, modules, tmp_path):
    for names, hips in (("mixamorig", "mixamorigHips"), ("mixamo-plain", "Hips")):
        file = tmp_path / f"{names}.bvh"
        walk.save(file, joint_names=names)
        seen = three(modules, "bvh", file, [1.0])
        np.testing.assert_allclose(seen["frames"][0][hips]["place"], 100 * y_up(walk.joints[20, 0]), atol=0.1)
        np.testing.assert_allclose(vimogen.Motion.load(file).joints, walk.joints, atol=1e-3)


@pytest.mark.parametrize("twist", [0, 70])
@pytest.mark.parametrize("required_only", [False, True])
def test_an_avatar_moves_as_the_motion_does(required_only, twist, walk, modules, tmp_path):
    avatar = write_avatar(tmp_path / f"avatar-{required_only}-{twist}.vrm", required_only=required_only, twist=twist)
    bones = "required" if required_only else "all"
    file = tmp_path / f"{bones}.vrma"
    walk.save(file, **({"bones": "required"} if required_only else {}))
    seen = three(modules, "vrma", file, [frame / walk.fps for frame in FRAMES], avatar)
    turns = world_turns(walk)
    for frame, found in zip(FRAMES, seen["frames"], strict=True):
        for joint, name in enumerate(VRM):
            if name not in found or (required_only and name == "spine"):
                continue
            was, now = matrix(seen["rest"][name]["turn"]), matrix(found[name]["turn"])
            assert degrees(now @ was.T, turns[frame, joint]) < 1, (frame, name)
        if required_only:
            was, now = matrix(seen["rest"]["spine"]["turn"]), matrix(found["spine"]["turn"])
            assert degrees(now @ was.T, turns[frame, VRM.index("upperChest")]) < 1, frame
    # Hips are scaled with the avatar: 0.7 m above the ground at rest.
    rest = json.loads(glb_json(file))["nodes"][0]["translation"]
    assert abs(rest[0]) < 0.01 and 0.9 < rest[1] < 1, "the hips are above the ground"
    got = np.array([found["hips"]["place"] for found in seen["frames"]])
    np.testing.assert_allclose(got, y_up(walk.joints[list(FRAMES), 0]) * 0.7 / rest[1], atol=1e-3)


def test_a_vrm_animation_comes_back(walk, tmp_path):
    walk.save(tmp_path / "walk.vrma")
    again = vimogen.Motion.load(tmp_path / "walk.vrma")
    assert (len(again), again.fps) == (40, 20) and again.meta == walk.meta
    np.testing.assert_allclose(again.joints, walk.joints, atol=2e-3)


def test_an_fbx_comes_back_by_every_unit_and_name(walk, tmp_path):
    for options in ({}, {"unit": "m"}, {"unit": "in", "joint_names": "mixamo"}):
        walk.save(tmp_path / "walk.fbx", **options)
        again = vimogen.Motion.load(tmp_path / "walk.fbx")
        assert (len(again), again.fps) == (40, 20) and again.source["unit"] == options.get("unit", "cm")
        np.testing.assert_allclose(again.joints, walk.joints, atol=1e-3)


@pytest.mark.parametrize(("ending", "unit"), [("usda", None), ("usdz", None), ("usda", "cm")])
def test_usd_s_skeleton_cache_has_the_joints_where_they_are(ending, unit, walk, places, tmp_path):
    usd = pytest.importorskip("pxr.Usd", reason="usd-core is not installed")
    from pxr import UsdGeom, UsdSkel

    walk.save(tmp_path / f"walk.{ending}", unit=unit)
    stage = usd.Stage.Open(str(tmp_path / f"walk.{ending}"))
    metres = UsdGeom.GetStageMetersPerUnit(stage)
    assert (UsdGeom.GetStageUpAxis(stage), metres) == ("Y", 0.01 if unit else 1)
    assert (stage.GetStartTimeCode(), stage.GetEndTimeCode(), stage.GetTimeCodesPerSecond()) == (0, 39, 20)
    root = UsdSkel.Root(stage.GetDefaultPrim())
    cache = UsdSkel.Cache()
    cache.Populate(root, usd.TraverseInstanceProxies())
    skeleton = UsdSkel.Skeleton(stage.GetPrimAtPath("/body/skeleton"))
    query = cache.GetSkelQuery(skeleton)
    assert [str(joint).rpartition("/")[2] for joint in query.GetJointOrder()] == NAMES
    for frame in FRAMES:
        found = query.ComputeJointSkelTransforms(usd.TimeCode(frame))
        got = np.array([matrix.ExtractTranslation() for matrix in found])
        np.testing.assert_allclose(metres * got, places[frame], atol=1e-4)
    mesh = UsdSkel.BindingAPI(stage.GetPrimAtPath("/body/mesh"))
    skinning = cache.GetSkinningQuery(mesh.GetPrim())
    points = UsdGeom.Mesh(mesh.GetPrim()).GetPointsAttr().Get()
    posed = type(points)(points)
    assert skinning.ComputeSkinnedPoints(query.ComputeSkinningTransforms(usd.TimeCode(20)), posed, usd.TimeCode(20))
    np.testing.assert_allclose(metres * np.array(posed), y_up(vimogen.Body().vertices(walk))[20], atol=1e-3)
    assert json.loads(stage.GetRootLayer().customLayerData["vimogen"])["prompt"] == walk.meta["prompt"]


def test_a_body_with_hands_holds_them_as_it_does_at_rest(walk, golden, tmp_path):
    usd = pytest.importorskip("pxr.Usd", reason="usd-core is not installed")
    from pxr import UsdSkel

    body = vimogen.Body(golden / "body_models" / "SMPLX_SYNTHETIC.npz")
    walk.save(tmp_path / "walk.usda", body=body)
    stage = usd.Stage.Open(str(tmp_path / "walk.usda"))
    cache = UsdSkel.Cache()
    cache.Populate(UsdSkel.Root(stage.GetDefaultPrim()), usd.TraverseInstanceProxies())
    query = cache.GetSkelQuery(UsdSkel.Skeleton(stage.GetPrimAtPath("/body/skeleton")))
    found = query.ComputeJointSkelTransforms(usd.TimeCode(20))
    got = np.array([joint.ExtractTranslation() for joint in found])
    np.testing.assert_allclose(got, y_up(body.joints(walk))[20], atol=1e-4)


@pytest.mark.parametrize("kind", ["glb", "vrma"])
def test_khronos_validator_finds_no_error(kind, walk, modules, tmp_path):
    walk.save(tmp_path / f"walk.{kind}")
    program = (
        "const v = require('gltf-validator'), fs = require('fs');"
        f"v.validateBytes(new Uint8Array(fs.readFileSync({json.dumps(str(tmp_path / f'walk.{kind}'))})))"
        ".then(r => console.log(JSON.stringify(r.issues)))"
    )
    done = subprocess.run(["node", "-e", program], cwd=modules, capture_output=True, text=True, check=True)
    issues = json.loads(done.stdout)
    assert (issues["numErrors"], issues["numWarnings"]) == (0, 0), issues["messages"][:5]


@pytest.mark.parametrize("ending", ["usda", "usdz"])
def test_usd_s_validators_find_no_fault(ending, walk, tmp_path):
    usd = pytest.importorskip("pxr.Usd", reason="usd-core is not installed")
    # The checks of the program usdchecker.
    validation = pytest.importorskip("pxr.UsdValidation", reason="this usd-core has no validators")
    walk.save(tmp_path / f"walk.{ending}")
    validators = validation.ValidationRegistry().GetOrLoadAllValidators()
    assert len(validators) > 20
    faults = validation.ValidationContext(validators).Validate(usd.Stage.Open(str(tmp_path / f"walk.{ending}")))
    assert [fault.GetMessage() for fault in faults] == []


def test_usd_refuses_a_colon(walk, tmp_path):
    with pytest.raises(vimogen.InvalidArgumentError, match="mixamorig or mixamo-plain"):
        walk.save(tmp_path / "walk.usda", joint_names="mixamo")
    walk.save(tmp_path / "walk.usda", joint_names="mixamorig")
    assert "mixamorigHips/mixamorigSpine" in (tmp_path / "walk.usda").read_text()


@pytest.mark.parametrize(
    ("file", "options", "words"),
    [
        ("a.npz", {"joint_names": "mixamo"}, "npz files have joint names of their own"),
        ("a.npz", {"unit": "cm"}, "npz files are in metres"),
        ("a.glb", {"unit": "in"}, "glb files are in metres"),
        ("a.vrma", {"joint_names": "mixamo"}, "joint names of their own"),
        ("a.svg", {"unit": "m"}, "no unit"),
        ("a.csv", {"bones": "all"}, "vrma"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(file, options, words, walk, tmp_path):
    with pytest.raises(vimogen.InvalidArgumentError, match=words):
        walk.save(tmp_path / file, **options)
    assert not (tmp_path / file).exists()


def test_the_command_line_refuses_them_too(walk, tmp_path):
    walk.save(tmp_path / "walk.npz")

    def convert(*words):
        line = [sys.executable, "-m", "vimogen", "convert", tmp_path / "walk.npz", *words]
        return subprocess.run(list(map(str, line)), capture_output=True, text=True, check=False)

    assert "npy files" in convert(tmp_path / "b.joints.npy", "--unit", "cm").stderr
    assert "glb files are in metres" in convert(tmp_path / "b.glb", "--unit", "cm").stderr
    done = convert(tmp_path / "b.glb", "--joint-names", "mixamorig")
    assert done.returncode == 0 and b'"mixamorigHips"' in glb_json(tmp_path / "b.glb")
    assert convert(tmp_path / "b.vrma", "--bones", "required").returncode == 0
    bones = json.loads(glb_json(tmp_path / "b.vrma"))["extensions"]["VRMC_vrm_animation"]["humanoid"]["humanBones"]
    assert len(bones) == 15
