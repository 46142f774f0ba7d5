"""The figure: MakeHuman's mesh shaped as a neutral adult, its hands relaxed, fitted to the built-in skeleton."""

import numpy as np
from makehuman import MakeHuman
from skeleton import frame, joint, pose, rest, turn, unit, warp
from surface import component, hidden, neighbours, relax, triangles, with_eye

# Flexion of the three joints of each finger from the thumb on, degrees.
CURL = [(18, 8, 10), (11, 16, 10), (14, 19, 11), (16, 21, 12), (17, 21, 12)]
# Lowest point of the sole below the joints of the ankles at rest, metres.
SOLE = 0.095
# Height of the mesh's hips above the skeleton's and of its shoulders below them, metres: MakeHuman's joints lie closer
# together, and half of the difference stretches the trunk enough.
HIP_ABOVE, SHOULDER_BELOW = 0.012, 0.012
# Joint of the head from the top of the skull, metres.
HEAD_PIVOT = np.array([0, -0.17, 0.008])
SIDES = {"left": "l", "right": "r"}


class Figure:
    """Vertices and quadrilaterals of the body, and the joints of MakeHuman's rig in it."""

    def __init__(self, source: MakeHuman) -> None:
        self.source = source
        vertices, self.quads = source.mesh()
        self.count = int(self.quads.max()) + 1
        self.mirror = source.mirror(len(vertices))
        self.all = vertices + sum(share * source.target(name, len(vertices)) for name, share in phenotype())
        weights = source.weights(len(vertices))
        self.weights = {bone: values[: self.count] for bone, values in weights.items()}

    def cube(self, name: str) -> np.ndarray:
        """Place of a joint of MakeHuman: the middle of its cube."""
        return self.all[self.source.group(f"joint-{name}")].mean(0)

    def close_cavities(self) -> np.ndarray:
        """Fills eye sockets and mouth with what is seen in them; returns the vertices of the mouth's inside."""
        faces, near = triangles(self.quads), neighbours(self.quads, self.count)
        body = self.all[: self.count]
        for side in SIDES.values():
            body = with_eye(body, faces, near, self.all[self.source.group(f"helper-{side}-eye")])
        lips = self.cube("mouth")
        box = lips + np.array([[-0.05, -0.05, -0.12], [0.05, 0.06, 0.05]])
        mouth = component(hidden(body, faces, box), near)
        body = relax(body, mouth, near, 400)
        self.all[: self.count] = body
        return mouth

    def relax_hands(self) -> None:
        """Bends the fingers about MakeHuman's joints."""
        for side, letter in SIDES.items():
            knuckles = [self.cube(f"{letter}-finger-{finger}-1") for finger in range(1, 6)]
            wrist = self.cube(f"{letter}-hand")
            across = unit(knuckles[4] - knuckles[1])
            palm = unit(np.cross(across, knuckles[2] - wrist)) * (1 if side == "left" else -1)
            for finger, angles in enumerate(CURL, 1):
                # The thumb joins the fingers, which bend towards the palm.
                towards = unit(knuckles[2] - wrist) + 0.5 * across if finger == 1 else palm
                self._curl(letter, finger, towards, np.radians(angles))

    def _curl(self, side: str, finger: int, towards: np.ndarray, angles: np.ndarray) -> None:
        bone = [self.weights[f"finger{finger}-{k}.{side.upper()}"] for k in (1, 2, 3)]
        reach = [np.zeros(len(self.all)) for _ in bone]
        for k in range(3):
            reach[k][: self.count] = sum(bone[k:])
        for k in (2, 1, 0):
            at, tip = (self.cube(f"{side}-finger-{finger}-{k + end}") for end in (1, 2))
            moved = (self.all - at) @ turn(np.cross(tip - at, towards), angles[k]).T + at
            share = self._with_cubes(reach[k], side, finger, k)
            self.all += share[:, None] * (moved - self.all)

    def _with_cubes(self, share: np.ndarray, side: str, finger: int, first: int) -> np.ndarray:
        out = share.copy()
        for later in range(first + 2, 5):
            out[self.source.group(f"joint-{side}-finger-{finger}-{later}")] = 1.0
        return out

    def posed_skeleton(self) -> tuple[np.ndarray, np.ndarray]:
        """World rotations and joints of the built-in skeleton in the pose of MakeHuman's mesh."""
        local: dict[int, np.ndarray] = {}
        places = rest()
        for side, letter in SIDES.items():
            sign = 1.0 if side == "left" else -1.0
            hip, ankle, ball = (self.cube(f"{letter}-{n}") for n in ("upper-leg", "ankle", "toe-2-1"))
            spread = np.arctan2(sign * (ankle - hip)[0], (hip - ankle)[1])
            local[joint(f"{side}_hip")] = turn(np.array([0, 0, 1.0]), sign * spread)
            # Soles stay level, and the toes point as they do.
            foot = places[joint(f"{side}_foot")] - places[joint(f"{side}_ankle")]
            heading, own = (np.arctan2(v[0], v[2]) for v in (ball - ankle, foot))
            level = turn(np.array([0, 1.0, 0]), heading - own)
            local[joint(f"{side}_ankle")] = local[joint(f"{side}_hip")].T @ level
            shoulder, elbow, wrist = (self.cube(f"{letter}-{n}") for n in ("shoulder", "elbow", "hand"))
            upper, lower = elbow - shoulder, wrist - elbow
            # The hinge of the elbow, which is vertical in the T pose.
            bend = np.arccos(np.clip(unit(upper) @ unit(lower), -1, 1))
            hinge = np.array([0, -sign, 0.0])
            local[joint(f"{side}_shoulder")] = (
                frame(upper, np.cross(upper, lower)) @ frame(np.array([sign, 0, 0.0]), hinge).T
            )
            local[joint(f"{side}_elbow")] = turn(hinge, bend)
        return pose(places, local)

    def fit(self) -> tuple[np.ndarray, np.ndarray]:
        """Warps the mesh until its joints are those of the posed skeleton, which is returned."""
        turns, places = self.posed_skeleton()
        sources, goals = zip(*self.landmarks(places), strict=True)
        self.all = warp(self.all, np.array(sources), np.array(goals))
        self._level_soles(places[joint("left_ankle")][1] - SOLE)
        return turns, places

    def landmarks(self, places: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Points of the mesh and where they go."""
        pairs = []

        def rigid(start: np.ndarray, goal: np.ndarray, points: list[np.ndarray]) -> None:
            pairs.extend((point, goal + point - start) for point in [start, *points])

        for side, letter in SIDES.items():
            parts = ("hip", "knee", "ankle", "foot", "shoulder", "elbow", "wrist")
            at = {part: places[joint(f"{side}_{part}")] for part in parts}
            hip = self.cube(f"{letter}-upper-leg")
            pairs.append((hip, np.array([hip[0], at["hip"][1] + HIP_ABOVE, at["hip"][2]])))
            pairs.append((self.cube(f"{letter}-knee"), at["knee"]))
            pairs.append((self.cube(f"{letter}-ankle"), at["ankle"]))
            self._foot(pairs, letter, at)
            pairs.append((self.cube(f"{letter}-shoulder"), at["shoulder"] - [0, SHOULDER_BELOW, 0]))
            pairs.append((self.cube(f"{letter}-elbow"), at["elbow"]))
            hand = [self.cube(f"{letter}-finger-{finger}-{k}") for finger in range(1, 6) for k in (1, 3, 4)]
            rigid(self.cube(f"{letter}-hand"), at["wrist"], hand)
        pairs.append((self.cube("neck"), places[joint("neck")]))
        head = [self.cube(name) for name in ("l-eye", "r-eye", "head-2", "jaw", "mouth")]
        rigid(self.cube("head-2") + HEAD_PIVOT, places[joint("head")], head)
        return pairs

    def _foot(self, pairs: list[tuple[np.ndarray, np.ndarray]], letter: str, at: dict[str, np.ndarray]) -> None:
        ball, tip = self.cube(f"{letter}-toe-2-1"), self.cube(f"{letter}-toe-2-4")
        ground, floor = self.cube("ground")[1], at["ankle"][1] - SOLE
        shift = at["foot"] - ball
        for point in (ball, tip, self.cube(f"{letter}-toe-1-3"), self.cube(f"{letter}-toe-5-3")):
            goal = point + shift
            goal[1] = floor + (point[1] - ground) * 1.1
            pairs.append((point, goal))
        ankle = self.cube(f"{letter}-ankle")
        for point, moved in ((ball, at["foot"] - ball), (ankle - [0, 0, 0.03], at["ankle"] - ankle)):
            below = np.array([point[0], ground, point[2]])
            pairs.append((below, np.array([below[0] + moved[0], floor, below[2] + moved[2]])))

    def _level_soles(self, floor: float) -> None:
        """Soles end in a plane, as feet that bear weight do."""
        low = self.all[: self.count, 1]
        band = 0.006
        near = low < floor + band
        share = np.clip((floor + band - low[near]) / (2 * band), 0, 1)
        low[near] = np.maximum(floor + band - 2 * band * share + band * share * share, floor)
        low += floor - low.min()


def phenotype() -> list[tuple[str, float]]:
    """Targets and their strengths: a young adult, the mean of female and male and of MakeHuman's three origins."""
    out = []
    for sex in ("female", "male"):
        for origin in ("african", "asian", "caucasian"):
            out.append((f"macrodetails/{origin}-{sex}-young", 1 / 6))
        out.append((f"macrodetails/universal-{sex}-young-averagemuscle-averageweight", 1 / 2))
    out.append(("breast/female-young-averagemuscle-averageweight-mincup-averagefirmness", 1 / 2))
    return out
