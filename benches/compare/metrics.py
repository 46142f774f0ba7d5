"""MBench's five quality metrics and the codec of the 276 values, in NumPy and PyTorch, for comparison with vimogen.

Formulas: docs/src/method.md.
"""

import numpy as np
import torch
import torch.nn.functional as F
from scipy.signal import find_peaks
from torch import Tensor

FEET = (10, 11)


def steps(x: np.ndarray) -> np.ndarray:
    d = np.diff(x, axis=0)
    return np.concatenate([d, d[-1:]])


def runs(mask: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def jitter(p: np.ndarray) -> float:
    return sum(float(np.linalg.norm(np.diff(q, n=2, axis=0), axis=-1).mean()) for q in (p, p - p[:, :1]))


def dynamic(p: np.ndarray) -> float:
    return sum(float(np.linalg.norm(np.diff(q, axis=0), axis=-1).mean()) for q in (p, p - p[:, :1]))


def penetration(p: np.ndarray) -> float:
    h = p[:, FEET, 2]
    below = h[h < -0.005]
    return float(np.abs(below).mean()) if below.size else 0.0


def contacts(p: np.ndarray) -> np.ndarray:
    speed = np.linalg.norm(steps(p[:, FEET]), axis=-1)
    return (speed < 0.01) | (p[:, FEET, 2] < 0.02)


def sliding(p: np.ndarray) -> float:
    touch, speed = contacts(p), np.linalg.norm(steps(p[:, FEET])[..., :2], axis=-1)
    return float(np.mean([speed[touch[:, i], i].sum() / (touch[:, i].sum() + 1e-6) for i in (0, 1)]))


def floating(p: np.ndarray) -> float:
    touch, root = contacts(p), p[:, 0]
    rv = np.linalg.norm(steps(root), axis=-1)
    foot = np.linalg.norm(steps(p[:, FEET]), axis=-1)
    ratio = np.linalg.norm(steps(p[:, FEET] - root[:, None]), axis=-1) / (rv[:, None] + 1e-6)
    suspicious = ((ratio < 0.6) | ((ratio > 1.75) & (rv[:, None] > 1.2e-4))) & (foot > 1.2e-4)
    bad = float(((rv >= 0.001) & touch.any(1) & (suspicious | ~touch).all(1)).sum())
    flights = [runs(~touch[:, i]) for i in (0, 1)]
    for i in (0, 1):
        for a, b in flights[i]:
            span = slice(a, b + 1)
            if b - a + 1 >= 4 and 2 * (rv[span] < 0.001).sum() <= b - a + 1:
                bad += 0.5 * float((ratio[span, i] < 0.4).sum())
    left = p[:, FEET[0]]
    for a0, b0 in flights[0]:
        for a1, b1 in flights[1]:
            a, b = max(a0, a1), min(b0, b1)
            if a < b and b - a + 1 >= 4 and zigzags(left[a : b + 1]):
                bad += b - a + 1
    return bad / len(p)


def zigzags(path: np.ndarray) -> bool:
    way, whole = path[1:] - path[0], path[-1] - path[0]
    unit = way / (np.linalg.norm(way, axis=-1, keepdims=True) + 1e-6)
    cosine = unit @ (whole / (np.linalg.norm(whole) + 1e-6))
    return len(find_peaks(np.degrees(np.arccos(np.clip(cosine, -1, 1))))[0]) > 2


METRICS = {
    "Jitter_Degree": jitter,
    "Dynamic_Degree": dynamic,
    "Ground_Penetration": penetration,
    "Foot_Floating": floating,
    "Foot_Sliding": sliding,
}


def rot6d(v: Tensor) -> Tensor:
    """Axis-angle (..., 3) to the first two columns of the rotation, row by row."""
    angle = v.norm(dim=-1, keepdim=True)
    x, y, z = (v / (angle + 1e-6)).unbind(-1)
    c, s = angle.cos()[..., 0], angle.sin()[..., 0]
    d = 1 - c
    columns = [c + x * x * d, x * y * d - z * s, x * y * d + z * s, c + y * y * d, x * z * d - y * s, y * z * d + x * s]
    exact = torch.stack(columns, -1)
    one, zero = torch.ones_like(c), torch.zeros_like(c)
    vx, vy, vz = v.unbind(-1)
    small = torch.stack([one, -vz, vz, one, -vy, vx + zero], -1)
    return torch.where(angle**2 > 1e-6, exact, small)


def matrix(six: Tensor) -> Tensor:
    columns = six.unflatten(-1, (3, 2))
    a, b = columns[..., 0], columns[..., 1]
    x = F.normalize(a, dim=-1)
    y = F.normalize(b - (x * b).sum(-1, keepdim=True) * x, dim=-1)
    return torch.stack([x, y, torch.linalg.cross(x, y)], dim=-1)


def axis_angle(r: Tensor) -> Tensor:
    r00, r11, r22 = r[..., 0, 0], r[..., 1, 1], r[..., 2, 2]
    d21, d02, d10 = r[..., 2, 1] - r[..., 1, 2], r[..., 0, 2] - r[..., 2, 0], r[..., 1, 0] - r[..., 0, 1]
    s10, s02, s21 = r[..., 1, 0] + r[..., 0, 1], r[..., 0, 2] + r[..., 2, 0], r[..., 2, 1] + r[..., 1, 2]
    cases = [
        (1 + r00 - r11 - r22, lambda t: (d21, t, s10, s02)),
        (1 - r00 + r11 - r22, lambda t: (d02, s10, t, s21)),
        (1 - r00 - r11 + r22, lambda t: (d10, s02, s21, t)),
        (1 + r00 + r11 + r22, lambda t: (t, d21, d02, d10)),
    ]
    low = r22 < 1e-6
    chosen = [low & (r00 > r11), low & (r00 <= r11), ~low & (r00 < -r11), ~low & (r00 >= -r11)]
    q = torch.zeros((*r.shape[:-2], 4))
    for mask, (t, parts) in zip(chosen, cases, strict=True):
        q = torch.where(mask[..., None], torch.stack(parts(t), -1) * 0.5 / t.clamp_min(1e-30).sqrt()[..., None], q)
    w, v = q[..., :1], q[..., 1:]
    sine = v.norm(dim=-1, keepdim=True)
    angle = 2 * torch.where(w < 0, torch.atan2(-sine, -w), torch.atan2(sine, w))
    return (v * torch.where(sine > 0, angle / sine.clamp_min(1e-30), 2.0)).nan_to_num()


def rodrigues(v: Tensor) -> Tensor:
    return matrix(rot6d(v))


def encode(orient: Tensor, pose: Tensor, transl: Tensor, joints: Tensor) -> Tensor:
    body, root = rot6d(pose.unflatten(-1, (21, 3))).flatten(1), rodrigues(orient)
    turn = root[1:] @ root[:-1].mT
    parts = [
        body[:-1],
        joints[:-1].flatten(1),
        joints.diff(dim=0).flatten(1),
        root[:-1, :, :2].flatten(1),
        turn[..., :2].flatten(1),
        transl[:-1],
        transl.diff(dim=0),
    ]
    return torch.cat(parts, dim=1)


def decode(x: Tensor) -> dict[str, Tensor]:
    """The integrating decode of inference and MBench."""
    turns = matrix(x[:, 264:270])
    root = [matrix(x[0, 258:264])]
    for t in range(len(x) - 1):
        root.append(turns[t] @ root[-1])

    def integrate(first: Tensor, velocity: Tensor) -> Tensor:
        return torch.cat([first[None], first + velocity[:-1].cumsum(0)])

    return {
        "body_pose": axis_angle(matrix(x[:, :126].unflatten(-1, (21, 6)))).flatten(1),
        "global_orient": axis_angle(torch.stack(root)),
        "joints": integrate(x[0, 126:192], x[:, 192:258]).unflatten(-1, (22, 3)),
        "transl": integrate(x[0, 270:273], x[:, 273:276]),
    }
