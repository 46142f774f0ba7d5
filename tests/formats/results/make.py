"""Writes result files of other programs: python make.py, with NumPy and joblib.

All hold one motion: a person upright, the left arm up, the right arm down, walking 1 m/s ahead for 2 s at 30 frames per second.
Files of this folder that are not made here are of the same motion.
"""

import gzip
import io
import pickle
import struct
import sys
import types
import zipfile
from collections import OrderedDict, defaultdict
from pathlib import Path

import joblib
import numpy as np

HERE = Path(__file__).parent
T, FPS = 60, 30
F32 = np.float32
# SMPL's rest pose in round numbers: x to the left, y up, z ahead.
PARENTS = [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19]
OFFSETS = np.array([
    [0, 0, 0], [.085, -.08, 0], [-.085, -.08, 0], [0, .11, -.01], [0, -.4, 0], [0, -.4, 0], [0, .13, 0], [0, -.405, 0],
    [0, -.405, 0], [0, .06, .005], [.015, -.055, .13], [-.015, -.055, .13], [0, .21, -.015], [.07, .115, -.01],
    [-.07, .115, -.01], [0, .095, .05], [.105, .035, -.01], [-.105, .035, -.01], [.265, 0, 0], [-.265, 0, 0], [.25, 0, 0],
    [-.25, 0, 0]])
ROOT = np.array([.003, -.351, .012])
STEPS = np.arange(T) / FPS


def exp(v):
    v = np.asarray(v, float)
    angle = np.linalg.norm(v)
    if angle < 1e-9:
        return np.eye(3)
    x, y, z = v / angle
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k


def log(m):
    angle = np.arccos(np.clip((np.trace(m) - 1) / 2, -1, 1))
    if angle < 1e-9:
        return np.zeros(3)
    if np.pi - angle < 1e-6:
        k = np.argmax(np.diag(m))
        v = (m + np.eye(3))[:, k]
        return np.pi * v / np.linalg.norm(v)
    return angle / (2 * np.sin(angle)) * np.array([m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]])


def body(count):
    pose = np.zeros((count, 3))
    pose[15] = pose[16] = [0, 0, 1.2]
    return pose


def parameters(axes, count, root=ROOT):
    """Orientation, pose and translation of a body whose y-up world is turned by `axes`."""
    pelvis = np.stack([0 * STEPS, 0 * STEPS + .95, STEPS], 1) @ axes.T
    return (np.tile(log(axes), (T, 1)).astype(F32), np.tile(body(count).reshape(1, -1), (T, 1)).astype(F32),
            (pelvis - root).astype(F32))


def joints():
    turns, places = [None] * 22, np.zeros((22, 3))
    pose = np.concatenate([np.zeros((1, 3)), body(21)])
    for j, parent in enumerate(PARENTS):
        turns[j] = exp(pose[j]) if parent < 0 else turns[parent] @ exp(pose[j])
        places[j] = [0, .95, 0] if parent < 0 else places[parent] + turns[parent] @ OFFSETS[j]
    return places


Y_UP = np.eye(3)
Z_UP = np.array([[1., 0, 0], [0, 0, -1], [0, 1, 0]])
CAMERA = np.diag([1., -1, -1])
IN_FRONT = np.array([0, 0, 6], F32)
SMPL_ROOT = np.array([-.002, -.223, .028])


def wham(people=1):
    out = defaultdict(dict)
    for i in range(people):
        frames = T - 20 * i
        orient, pose, trans = parameters(CAMERA, 23, SMPL_ROOT)
        world, _, trans_world = parameters(Y_UP, 23, SMPL_ROOT)
        out[i] = {k: v[:frames] for k, v in dict(
            pose=np.concatenate([orient, pose], 1), trans=trans + IN_FRONT, pose_world=np.concatenate([world, pose], 1),
            trans_world=trans_world, betas=np.zeros((T, 10), F32), verts=np.zeros((T, 2, 3), F32),
            frame_ids=np.arange(T)).items()}
    return out


def prompthmr():
    def smplx(axes, far=0):
        orient, pose, trans = parameters(axes, 54)
        return dict(pose=np.concatenate([orient, pose], 1), shape=np.zeros((T, 10), F32), trans=trans + far)
    person = dict(frames=np.arange(T), track_id=1, smplx_cam=smplx(CAMERA, IN_FRONT), smplx_world=smplx(Y_UP))
    return dict(people={1: person}, camera=dict(img_focal=1000.0), camera_world=dict(Rwc=np.zeros((T, 3, 3))), has_slam=True)


def glamr():
    orient, pose, trans = parameters(Z_UP, 23, np.zeros(3))
    person = dict(smpl_pose=pose, smpl_beta=np.zeros((T, 10), F32), root_trans_world=trans, smpl_orient_world=orient,
                  frame2ind={i: i for i in range(T)}, exist_frames=np.ones(T, bool))
    return dict(person_data={0: person}, cam_pose=np.tile(np.eye(4), (T, 1, 1)), meta=OrderedDict(algo="glamr"))


def romp(ids):
    orient, pose, trans = parameters(CAMERA, 23, SMPL_ROOT)
    frames = {}
    for t in range(T):
        theta = np.concatenate([orient[t], pose[t]])
        # Two persons, whose order changes from frame to frame.
        thetas, places = np.stack([theta, 0 * theta]), np.stack([trans[t] + IN_FRONT, trans[t] + [1.5, 0, 9]]).astype(F32)
        order = [0, 1] if t % 3 else [1, 0]
        frames[f"{t:08d}.jpg"] = dict(
            smpl_thetas=thetas[order].astype(F32), cam_trans=places[order], smpl_betas=np.zeros((2, 11), F32),
            **(dict(track_ids=np.array([4, 9])[order]) if ids else {}))
    return frames


def hml263(places):
    """HumanML3D's features of a body that walks straight along +z."""
    relative = places - places[0] * [1, 0, 1]
    row = np.zeros(263)
    row[1:4] = [0, 1 / 20, places[0, 1]]
    row[4:67] = relative[1:].ravel()
    return np.tile(row, (40, 1)).astype(F32)


def torch_module(name, *members):
    """A stand-in for a module of PyTorch: pickles name its members."""
    module = sys.modules.setdefault(name, types.ModuleType(name))
    for member in members:
        member.__module__ = name
        member.__qualname__ = member.__name__
        setattr(module, member.__name__, member)


class FloatStorage:
    """PyTorch's storage of f32, which a file has outside its pickle."""

    location = "cuda:0"

    def __init__(self, values):
        self.values = np.ascontiguousarray(values, F32).ravel()

    def __reduce__(self):
        """As a tensor within another pickle: a PyTorch file of its own."""
        file = io.BytesIO()
        for head in (0x1950A86A20F9469CFC6C, 1001, dict(protocol_version=1001, little_endian=True)):
            pickle.dump(head, file, 2)
        TorchPickler(file, 2).dump(self)
        pickle.dump(["0"], file, 2)
        file.write(struct.pack("<q", self.values.size) + self.values.tobytes())
        return _load_from_bytes, (file.getvalue(),)


class TorchPickler(pickle.Pickler):
    """Storages are persistent ids."""

    def __init__(self, *args):
        super().__init__(*args)
        self.storages = []

    def persistent_id(self, obj):
        if not isinstance(obj, FloatStorage):
            return None
        self.storages.append(obj)
        return "storage", FloatStorage, str(len(self.storages) - 1), obj.location, obj.values.size


class Tensor:
    def __init__(self, values, negated=False):
        self.values, self.negated = np.asarray(values, F32), negated

    def __reduce__(self):
        strides = tuple(s // 4 for s in np.ascontiguousarray(self.values).strides)
        flags = ({"neg": True},) if self.negated else ()
        storage = FloatStorage(-self.values if self.negated else self.values)
        return _rebuild_tensor_v2, (storage, 0, self.values.shape, strides, False, OrderedDict(), *flags)


def _load_from_bytes():
    pass


def _rebuild_tensor_v2():
    pass


torch_module("torch", FloatStorage)
torch_module("torch.storage", _load_from_bytes)
torch_module("torch._utils", _rebuild_tensor_v2)


def torch_save(path, contents):
    file = io.BytesIO()
    pickler = TorchPickler(file, 2)
    pickler.dump(contents)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", file.getvalue())
        archive.writestr("archive/byteorder", "little")
        for i, storage in enumerate(pickler.storages):
            archive.writestr(f"archive/data/{i}", storage.values.tobytes())
        archive.writestr("archive/version", "3\n")


class Elsewhere:
    """A class that no reader knows."""

    def __init__(self):
        self.name = "options"


def main():
    joblib.dump(wham(2), HERE / "wham_two_zlib.pkl", compress=3)
    joblib.dump(wham(), HERE / "wham_gzip.pkl", compress=("gzip", 3))
    for protocol in range(6):
        with open(HERE / f"wham_protocol{protocol}.pkl", "wb") as file:
            small = {0: {k: v for k, v in wham()[0].items() if k.endswith("world")}}
            file.write(pickle.dumps(small, protocol))
    unknown = dict(wham()[0], cfg=Elsewhere(), names=np.array(["a", None], object))
    joblib.dump({0: unknown}, HERE / "wham_unknown.pkl")
    joblib.dump(prompthmr(), HERE / "prompthmr_results.pkl", compress=3)
    with gzip.open(HERE / "glamr_seed1.pkl", "wb") as file:
        file.write(pickle.dumps(glamr(), 4))
    np.savez_compressed(HERE / "romp_video.npz", results=romp(False))
    np.savez_compressed(HERE / "romp_video_ids.npz", results=romp(True))
    np.savez_compressed(HERE / "romp_picture.npz", results=romp(False)["00000000.jpg"])
    orient, pose, trans = parameters(Z_UP, 51)
    amass = dict(trans=trans.astype(float), poses=np.concatenate([orient, pose], 1).astype(float), betas=np.zeros(16))
    np.savez_compressed(HERE / "amass_bytes.npz", **amass, gender=np.array(b"female"), mocap_framerate=30.0,
                        dmpls=np.zeros((T, 8)))
    np.savez_compressed(HERE / "amass_norate.npz", **amass, gender="neutral")
    np.savez_compressed(HERE / "amass_52x3.npz", **(amass | dict(poses=amass["poses"].reshape(T, 52, 3))), mocap_frame_rate=30)
    np.savez_compressed(HERE / "amass_objects.npz", **(amass | dict(betas=np.zeros((T, 10)))), mocap_frame_rate=30.0,
                        markers_latent_vids=np.array({"C7": 3832}, object), latent_labels=np.array(["C7"] * 5))
    orient, pose, trans = parameters(Y_UP, 51)
    np.savez_compressed(HERE / "smpl2bvh.npz", poses=np.concatenate([orient, pose[:, :69]], 1).reshape(1, T, 24, 3),
                        trans=trans[None], fps=FPS)
    orient, pose, trans = parameters(Y_UP, 21)
    cam = parameters(CAMERA, 21)
    np.savez_compressed(HERE / "comfyui.npz", body_pose=pose, betas=np.zeros((T, 10), F32), global_orient=orient, transl=trans,
                        global_orient_incam=cam[0], transl_incam=cam[2] + IN_FRONT)
    # Tensors on a GPU, one of them a negated view, and an object that no reader knows.
    part = lambda o, p, t: dict(body_pose=Tensor(p), betas=Tensor(np.zeros((T, 10))), global_orient=Tensor(o), transl=Tensor(t, True))
    torch_save(HERE / "gvhmr_cuda.pt", dict(smpl_params_global=part(orient, pose, trans), net_outputs=dict(cfg=Elsewhere()),
                                            smpl_params_incam=part(cam[0], cam[1], cam[2] + IN_FRONT)))
    orient, pose, trans = parameters(CAMERA, 23, SMPL_ROOT)
    turns = np.tile(np.stack([CAMERA, *map(exp, body(23))]).astype(F32), (T, 1, 1, 1))
    np.save(HERE / "tram_tensors.npy", dict(pred_cam=Tensor(np.ones((T, 3))), pred_rotmat=Tensor(turns), frame=np.arange(T),
                                            pred_shape=Tensor(np.zeros((T, 10))), pred_trans=Tensor((trans + IN_FRONT)[:, None])))
    orient, pose, trans = parameters(Y_UP, 51)
    places = joints()
    moving = places + np.stack([0 * STEPS, 0 * STEPS, STEPS], 1)[:, None]
    soma = np.zeros((T, 30, 3), F32)
    soma[:, [0, 22, 26, 1, 23, 27, 2, 24, 28, 3, 25, 29, 4, 10, 16, 6, 11, 17, 12, 18, 13, 19]] = moving
    np.savez_compressed(HERE / "kimodo_30.npz", posed_joints=soma, global_rot_mats=np.tile(np.eye(3, dtype=F32), (T, 30, 1, 1)),
                        foot_contacts=np.ones((T, 4), bool))
    np.save(HERE / "hml_joints.npy", (places + np.stack([0 * STEPS[:40], 0 * STEPS[:40], np.arange(40) / 20], 1)[:, None])
            .astype(F32))
    np.save(HERE / "hml_263.npy", hml263(places))


if __name__ == "__main__":
    main()
