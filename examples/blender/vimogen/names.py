"""Which bone of an armature is which joint: by the names of head, hands and feet, and by the hierarchy between them."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_SIDES = {"l": "left", "left": "left", "r": "right", "right": "right"}
_LEFT_OUT = re.compile(
    r"ik|fk|pole|target|ctrl|control|twist|roll|nub|end|leaf|tip|mch|org|helper|thumb|index|middle|ring|pinky|little"
    r"|finger|palm|heel|weapon|prop|attach|socket|slot"
)


class UnknownRigError(ValueError):
    """The bones are not those of a human."""


@dataclass(frozen=True)
class Source:
    """Rotation of a bone: between two joints of the motion, at `weight` of the way."""

    first: str
    second: str
    weight: float = 1.0


def words(name: str) -> list[str]:
    """The words of a bone's name in lower case: ``mixamorig:LeftUpLeg`` is mixamorig, left, up, leg."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name.rpartition(":")[2] or name)
    return [word for word in re.split(r"[^a-z]+", spaced.lower()) if word]


def side(name: str) -> str:
    """``"left"``, ``"right"`` or the empty string."""
    found = {_SIDES[word] for word in words(name) if word in _SIDES}
    if len(found) == 1:
        return found.pop()
    joined = "".join(words(name))
    return next((way for way in ("left", "right") if way in joined), "")


def is_left_out(name: str) -> bool:
    """Whether a bone is a finger, an end, a twist or a control."""
    return any(_LEFT_OUT.fullmatch(word) for word in words(name))


class Bones:
    """The bones of an armature as a tree. Parents come before their children."""

    def __init__(self, names: Sequence[str], parents: Sequence[str | None]):
        self.parents = dict(zip(names, parents, strict=True))
        self.depths: dict[str, int] = {}
        for name, parent in self.parents.items():
            self.depths[name] = 0 if parent is None else self.depths[parent] + 1

    def line(self, name: str) -> Iterator[str]:
        """A bone and its ancestors."""
        at: str | None = name
        while at is not None:
            yield at
            at = self.parents[at]

    def children(self, name: str) -> list[str]:
        """The bones whose parent this is, without ends and controls."""
        return [child for child, parent in self.parents.items() if parent == name and not is_left_out(child)]

    def meeting(self, one: str, other: str) -> str:
        """The nearest ancestor of both, or one of them if it is that of the other."""
        line = set(self.line(one))
        found = next((name for name in self.line(other) if name in line), None)
        if found is None:
            raise UnknownRigError(f"the bones {one} and {other} have no ancestor in common; parent them to one root")
        return found

    def find(self, wanted: str, way: str = "") -> str | None:
        """The bone nearest to the root with one of these words in its name."""
        fits = [
            name
            for name in self.parents
            if side(name) == way
            and re.search(rf"\b(?:left|right)?(?:{wanted})", " ".join(words(name)))
            and not is_left_out(name)
        ]
        return min(fits, key=self.depths.__getitem__, default=None)

    def need(self, wanted: str, way: str = "") -> str:
        """As :meth:`find`; raises if there is none."""
        found = self.find(wanted, way)
        if found is None:
            what = f"{way} {wanted.replace('|', ' or ')}".strip()
            raise UnknownRigError(f"the armature has no bone whose name means {what}; its bones are not a human's")
        return found

    def limb(self, end: str) -> list[str]:
        """The bones of a limb from its end inwards. Segments of a bone, such as ``forearm.L.001``, count once."""
        way, chain = side(end), []
        for name in self.line(end):
            if side(name) != way:
                break
            segment = re.fullmatch(r"(.+)\.\d{3}", name)
            if not (segment and segment[1] == self.parents[name]) and not {"twist", "roll"} & set(words(name)):
                chain.append(name)
        return chain


def joints_of(names: Sequence[str], parents: Sequence[str | None]) -> dict[str, Source]:
    """The rotation of each bone that is a part of a human's body; others keep their place on their parents.

    Raises :class:`UnknownRigError` with the bone that is missing.
    """
    bones = Bones(names, parents)
    found: dict[str, Source] = {}
    thighs, arms = [], []
    for way in ("left", "right"):
        leg = bones.limb(bones.need("foot|ankle", way))
        arm = bones.limb(bones.need("hand|wrist", way))
        if len(leg) < 3 or len(arm) < 3:
            short = (leg if len(leg) < 3 else arm)[0]
            raise UnknownRigError(f"{short} is not the end of a limb of three bones")
        toes = [name for name in bones.children(leg[0]) if re.search("toe|ball|foot", name.lower())]
        parts = zip(("ankle", "knee", "hip", "wrist", "elbow", "shoulder"), leg[:3] + arm[:3], strict=True)
        for part, name in [*parts, *(("foot", name) for name in toes[:1]), *(("collar", name) for name in arm[3:4])]:
            found[name] = Source(f"{way}_{part}", f"{way}_{part}")
        thighs.append(leg[2])
        arms.append(arm[min(3, len(arm) - 1)])
    pelvis, chest = bones.meeting(*thighs), bones.meeting(*arms)
    head = bones.find("head") or last_of_spine(bones, chest) or bones.need("head")
    found[pelvis] = Source("pelvis", "pelvis")
    found |= spine(bones, pelvis, chest)
    found |= neck(bones, bones.meeting(chest, head), head)
    return found


def spine(bones: Bones, pelvis: str, chest: str) -> dict[str, Source]:
    """The bones between pelvis and chest. However many there are, they share the bend of our three."""
    below = set(bones.line(pelvis))
    between = [name for name in bones.line(chest) if name not in below][::-1]
    joints = ("pelvis", "spine1", "spine2", "spine3")
    found = {}
    for number, name in enumerate(between, 1):
        at = 3 * number / len(between)
        low = math.ceil(at) - 1
        found[name] = Source(joints[low], joints[low + 1], at - low)
    return found


def last_of_spine(bones: Bones, chest: str) -> str | None:
    """The head of a rig whose spine goes on to it under one name, as Rigify's ``spine.006``."""
    at = chest
    while going_on := [child for child in bones.children(at) if words(child)[:1] == words(chest)[:1]]:
        at = going_on[0]
    return None if at == chest else at


def neck(bones: Bones, chest: str, head: str) -> dict[str, Source]:
    """The head, and the bones between it and the chest."""
    below = set(bones.line(chest))
    between = [name for name in bones.line(head) if name not in below and name != head][::-1]
    found = {name: Source("spine3", "neck", number / len(between)) for number, name in enumerate(between, 1)}
    return found | {head: Source("head", "head")}
