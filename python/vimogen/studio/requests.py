"""Fields of each task's request."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from .._options import names
from . import fields as f
from .errors import Refused
from .settings import Settings
from .store import CHARACTERS, READS, WRITES

MAX_SEED = 2**63 - 1
MAX_SECONDS = 3600.0
Fields = dict[str, f.Field]

_MOTION: dict[str, Any] = {
    "oneOf": [
        {"type": "string", "description": "the id of a motion that the server has"},
        {
            "type": "object",
            "properties": {"data": {"type": "string", "format": "byte"}, "format": {"type": "string"}},
            "required": ["data", "format"],
            "description": "a file in base64, and its format",
        },
    ]
}


def motion(name: str, doc: str) -> f.Field:
    """A motion: its id, or ``{"data": base64, "format": "bvh"}`` with the fields of reading."""

    def read(value: Any, where: str) -> Any:
        if isinstance(value, str):
            return value
        if not isinstance(value, dict):
            raise Refused(f"{where} is neither the id of a motion nor {{data, format}}", field=where)
        given = f.read_object(value, _INLINE, where)
        try:
            given["data"] = base64.b64decode(given["data"], validate=True)
        except (binascii.Error, ValueError):
            raise Refused(f"{where}.data is not base64", field=where) from None
        return given

    return f.Field(name, doc, _MOTION, read)


def _table(*fields: f.Field) -> Fields:
    return {field.name: field for field in fields}


READING = _table(
    f.number("fps", "Frames per second of a file that does not state them.", 0.1, 1000),
    f.choice("up", "Axis that points up in the file.", names("UpAxis")),
    f.choice("unit", "Unit of length of the file.", names("LengthUnit")),
    f.text("person", "Which person of several.", longest=200),
    f.flag("fit_joints", "Fit a body to a file that has joints only."),
)
_INLINE = _table(
    f.text("data", "The file, in base64.", longest=1 << 28).needed(),
    f.choice("format", "Its format.", READS).needed(),
    *READING.values(),
)
ANSWER = (
    f.choice("format", "Answer with a file of this format instead of JSON; several motions come as a zip.", WRITES),
    f.flag("wait", "False: answer at once with a job, whose progress /api/jobs/{job}/events sends."),
    f.text("title", "Title in files.", longest=500),
    f.choice("joint_names", "Names of the joints in files.", names("JointNames")),
    f.choice("file_unit", "Unit of length in files that can have several.", names("LengthUnit")),
)
_SEED = f.integer("seed", "Seed of the noise. The same seed and prompt give the same motion.", 0, MAX_SEED)
_CONSTRAINTS = f.anything(
    "constraints",
    "Constraints as in files of vimogen.Constraints, or a list of them, or a list of Kimodo's.",
    {"type": ["object", "array"]},
    (dict, list),
    'a list such as [{"type": "root", "frame": 60, "position": [0, 2]}]',
)
_STRENGTH = f.number("strength", "How much may change.", 0, 1, open_low=True)


_KEEP = _table(
    motion("motion", "The motion.").needed(),
    f.integer("start", "First frame to keep.", 0, 1 << 20),
    f.integer("end", "Frame after the last one; None: one frame.", 1, 1 << 20),
    f.integer("frame", "Where they begin in the new motion; None: where they were.", 0, 1 << 20),
)


def _keep() -> f.Field:
    properties = {field.name: field.schema | {"description": field.doc} for field in _KEEP.values()}
    schema = {"type": "object", "properties": properties, "required": ["motion"]}

    def read(value: Any, where: str) -> dict[str, Any]:
        return f.read_object(value, _KEEP, where)

    return f.Field("keep", "Key poses: frames of motions that stay, with the rest made around them.", schema, read)


def generate(settings: Settings) -> Fields:
    """Fields of ``/api/generate``."""
    most = settings.max_motions
    frames = f.integer("num_frames", "Frames at 20 per second. None: seconds, or 100.", 2, settings.max_frames)
    seconds = f.number("seconds", "Length in seconds.", 0.1, MAX_SECONDS)
    return _table(
        f.listed(f.text("prompt", "What the motion shall show, or a list of such prompts."), most, or_one=True),
        f.listed(frames, most, or_one=True),
        f.listed(seconds, most, or_one=True),
        f.listed(_SEED, most, or_one=True),
        f.integer("n", "Motions of the prompt, with seeds that follow the first.", 1, most),
        f.flag("best", "Of several motions, give the one with the best metrics only."),
        motion("reference", "A motion to follow; there is no prompt then."),
        _CONSTRAINTS,
        f.listed(_keep(), 64),
        *f.options(),
        *ANSWER,
    )


def sequence(settings: Settings) -> Fields:
    """Fields of ``/api/sequence``."""
    prompts = f.text("prompts", "Prompts of the parts, or one text that is split at then, commas and full stops.")
    seconds = f.number("seconds", "Seconds of each part, or of all.", 0.1, MAX_SECONDS)
    return _table(
        f.listed(prompts, 64, or_one=True).needed(),
        f.listed(_or_null(seconds), 64, or_one=True),
        _SEED,
        *f.options(),
        *ANSWER,
    )


def _or_null(field: f.Field) -> f.Field:
    def read(value: Any, where: str) -> Any:
        return None if value is None else field.read(value, where)

    return f.Field(field.name, field.doc, {"oneOf": [field.schema, {"type": "null"}]}, read)


_POINT = f.listed(f.number("points", "x and y in metres.", -1000, 1000), 2, least=2)
EDITS: dict[str, tuple[str, Fields]] = {
    "trim": (
        "Keep the seconds from start to end.",
        _table(f.number("start", "Seconds.", 0, MAX_SECONDS), f.number("end", "Seconds.", 0, MAX_SECONDS)),
    ),
    "turn": ("Turn to the left.", _table(f.number("degrees", "Angle.", -3600, 3600).needed())),
    "move": (
        "Shift.",
        _table(
            f.number("x", "Metres to the right.", -1000, 1000).needed(),
            f.number("y", "Metres forward.", -1000, 1000).needed(),
        ),
    ),
    "mirror": ("Exchange left and right.", {}),
    "loop": ("One round that can be played again and again.", _table(f.number("blend", "Seconds.", 0, 2))),
    "repeat": ("A loop, several rounds.", _table(f.integer("times", "Rounds.", 1, 1000).needed())),
    "hold": ("Hold the last pose.", _table(f.number("seconds", "How long.", 0, 600).needed())),
    "speed": ("Play faster.", _table(f.number("factor", "2 halves the duration.", 0.1, 10).needed())),
    "smooth": ("Average over time.", _table(f.number("seconds", "Window.", 0.01, 1).needed())),
    "fps": ("Another frame rate.", _table(f.number("fps", "Frames per second.", 1, 240).needed())),
    "along": ("Bend to a path.", _table(f.listed(_POINT, 1000, least=2).needed())),
    "upper_body": ("Spine, head and arms of another motion.", _table(motion("motion", "The other motion.").needed())),
    "then": (
        "Continue with another motion.",
        _table(motion("motion", "The other motion.").needed(), f.number("blend", "Seconds.", 0, 2)),
    ),
}
"""Edits without a model, by name."""


def _step() -> f.Field:
    do = f.choice("do", "The edit.", EDITS)

    def read(value: Any, where: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Refused(f'{where} is not an object such as {{"do": "mirror"}}', field=where)
        name = do.read(value.get("do"), f"{where}.do")
        given = {key: entry for key, entry in value.items() if key != "do"}
        return {"do": name, **f.read_object(given, EDITS[name][1], f"{where} ({name})")}

    def schema(name: str, about: str, fields: Fields) -> dict[str, Any]:
        properties = {"do": {"const": name}, **{field.name: field.schema for field in fields.values()}}
        required = ["do", *(field.name for field in fields.values() if field.required)]
        return {"type": "object", "description": about, "properties": properties, "required": required}

    kinds = [schema(name, about, fields) for name, (about, fields) in EDITS.items()]
    return f.Field("steps", "Edits, applied in order.", {"oneOf": kinds}, read)


def edit(_: Settings) -> Fields:
    """Fields of ``/api/edit``."""
    return _table(
        motion("motion", "The motion to change.").needed(),
        f.listed(_step(), 32),
        f.text("prompt", "What the motion shall show; applied after the steps."),
        f.text("source_prompt", "What it shows now; what both have in common stays."),
        _STRENGTH,
        f.choice("method", "How.", names("EditMethod")),
        _SEED,
        *(field for field in f.options() if field.name != "strength"),
        *ANSWER,
    )


def variations(settings: Settings) -> Fields:
    """Fields of ``/api/variations``."""
    return _table(
        motion("motion", "The motion to vary.").needed(),
        f.integer("n", "How many.", 1, settings.max_motions),
        f.text("prompt", "What the motion shows."),
        _STRENGTH,
        _SEED,
        f.flag("best", "Give the one with the best metrics only."),
        *(field for field in f.options() if field.name != "strength"),
        *ANSWER,
    )


def convert(_: Settings) -> Fields:
    """Fields of ``/api/convert`` with a JSON body."""
    fps = f.number("fps", "Frame rate of the new file.", 1, 240)
    return _table(motion("motion", "The motion.").needed(), fps, *(ANSWER[0].needed(), *ANSWER[1:]))


def score(_: Settings) -> Fields:
    """Fields of ``/api/score``."""
    other = motion("other", "A second motion, to compare with.")
    return _table(motion("motion", "The motion to measure.").needed(), other, ANSWER[1])


def render(_: Settings) -> Fields:
    """Fields of ``/api/render``."""
    side = f.integer("size", "Width and height in pixels.", 16, 2048)
    kinds = [kind for kind in ("png", "mp4", "gif", "html", "svg") if kind in WRITES]
    return _table(
        motion("motion", "The motion to draw.").needed(),
        f.choice("format", "Picture, film or page.", kinds),
        f.listed(side, 2, least=2),
        f.number("fps", "Frame rate of a film.", 1, 60),
        f.choice("view", "Camera.", names("View")),
        f.number("yaw", "Turn of the camera, degrees.", -360, 360),
        f.number("pitch", "Height of the camera, degrees.", -89, 89),
        f.choice("style", "Look.", names("Style")),
        f.flag("figure", "A figure of parts instead of the body."),
        f.text("title", "Title in pages.", longest=500),
        ANSWER[1],
    )


def stream(_: Settings) -> Fields:
    """Fields of ``/api/stream``."""
    return _table(
        f.text("prompt", "What the motion shows at first.").needed(),
        _SEED,
        f.integer("block", "Frames of a block.", 1, 200),
        f.number("seconds", "Length of the stream.", 0.1, 600),
        f.flag("realtime", "One second of motion per second; false: as fast as it can be made."),
        f.integer("num_inference_steps", "Steps of a window.", 1, 100),
        f.flag("player", "Blocks have `clip`, data of the page's player, instead of `joints`."),
    )


CHARACTER = _table(
    f.choice("from", "Format of the character, the body of the request.", CHARACTERS).needed(),
    f.text("motion", "The id of the motion.", longest=100).needed(),
    f.text("name", "Name of the animation.", longest=200),
    f.flag("plant", "Keep standing feet in place on the ground."),
)
"""Fields of ``/api/character``."""
LEAD = _table(
    f.text("prompt", "A new prompt."),
    f.number("heading", "Direction to face, degrees to the left.", -3600, 3600),
    f.listed(f.number("target", "Place to go to, x and y in metres.", -1000, 1000), 2, least=2),
    f.flag("end", "End the stream; its result is the whole motion."),
)
"""Fields of ``/api/jobs/{job}/lead``."""
NOTES = _table(f.text("prompt", "The prompt.").needed())
"""Fields of ``/api/notes``."""
