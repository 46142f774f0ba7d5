"""Names of fields as bridges to Kimodo send them, read as ours where they mean the same.

Facts from the public sources of its command line, of a bridge to Blender (requests ``generate`` and ``generate_multi``)
and of a REST server with timelines: ``duration`` is in seconds, a timeline's frames count at 30 per second.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from .errors import Refused

SAME = {
    "text": "prompt",
    "texts": "prompts",
    "duration": "seconds",
    "durations": "seconds",
    "diffusion_steps": "num_inference_steps",
    "num_denoising_steps": "num_inference_steps",
    "num_samples": "n",
    "seeds": "seed",
    "output_format": "format",
    "return_format": "format",
    "constraint_lst": "constraints",
}
"""Fields that only have another name."""
OTHERS = {
    "constraints_json": "a text of JSON, read as constraints",
    "post_processing": "true: finish feet; false: raw",
    "segments": "a timeline of texts, read as prompts and seconds",
}
"""Fields that are read and changed."""
IGNORED = {
    "cmd": "the address names the task",
    "model": "the server has one model",
    "fps": "a timeline's frames count at 30 per second",
    "cfg_weight": "weights of another model; guidance_scale is ours",
    "num_transition_frames": "parts overlap by a second here",
    "bvh_standard_tpose": "files always have the rest pose of our skeleton",
    "multi_prompt": "the address names the task",
    "return_numpy": "answers are JSON or files",
    "coord_in": "constraints of Kimodo have y up, ours z up",
    "coord_out": "each format has its own axes",
    "standard_tpose": "files always have the rest pose of our skeleton",
}
"""Fields that have no meaning here; the answer lists them under ``ignored``."""
_FPS = 30.0


def translate(request: Any, known: Collection[str]) -> tuple[Any, list[str]]:
    """Give the request in our names, of those that a task knows, and the fields that were left out."""
    named = {*SAME, *OTHERS, *IGNORED, *({"prompt", "prompts"} - {*known})}
    if not isinstance(request, dict) or not named & {*request}:
        return request, []
    out: dict[str, Any] = {}
    if request.get("seeds") is not None:
        # Bridges send both, the list for those that know it.
        request = {name: value for name, value in request.items() if name != "seed"}
    for name, value in request.items():
        if name in IGNORED:
            continue
        for ours, given in _fields(name, value).items():
            if ours in out or (ours in request and ours != name):
                raise Refused(f"{name} and another field both mean {ours}; send one of them", field=name)
            out[ours] = given
    for one, other in (("prompt", "prompts"), ("prompts", "prompt")):
        if one in out and one not in known and other not in out:
            out[other] = out.pop(one)
    if "prompts" in out and isinstance(out["prompts"], list) and isinstance(out.get("seed"), list):
        # One seed per part of a sequence: ours has one for all.
        out["seed"] = out["seed"][0] if out["seed"] else None
    return out, sorted({*request} & {*IGNORED})


def _fields(name: str, value: Any) -> dict[str, Any]:
    if name == "constraints_json":
        return {"constraints": _constraints(value)}
    if name == "post_processing":
        return {"finish": "feet" if value else "raw"} if isinstance(value, bool) else {"finish": value}
    if name == "segments":
        return _segments(value)
    if name in ("return_format", "output_format") and value == "amass_npz":
        value = "npz"
    return {SAME.get(name, name): value}


def _constraints(text: Any) -> Any:
    if text in (None, ""):
        return None
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise Refused(f"constraints_json is not JSON: {error}", field="constraints_json") from None


def _segments(segments: Any) -> dict[str, Any]:
    if not isinstance(segments, list) or not segments:
        raise Refused("segments is not a list of {text, start_sec, end_sec}", field="segments")
    prompts, seconds = [], []
    for i, segment in enumerate(segments):
        where = f"segments[{i}]"
        if not isinstance(segment, dict) or segment.get("type", "text") != "text":
            message = f"{where} is not of the type text; send way points as constraints to /api/generate"
            raise Refused(message, field="segments")
        start, end = _time(segment, "start", where), _time(segment, "end", where)
        prompts.append(segment.get("text"))
        seconds.append(end - start)
    return {"prompts": prompts, "seconds": seconds}


def _time(segment: dict[str, Any], side: str, where: str) -> float:
    seconds, frames = segment.get(f"{side}_sec"), segment.get(f"{side}_frame")
    value = seconds if seconds is not None else frames
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e6:
        raise Refused(f"{where} lacks {side}_sec, a number of seconds", field="segments")
    return float(value) if seconds is not None else float(value) / _FPS
