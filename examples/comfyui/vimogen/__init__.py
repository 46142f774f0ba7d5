"""Nodes for ComfyUI: a sentence becomes a motion, pictures of it, and files.

Copy this folder into ``ComfyUI/custom_nodes`` and install vimogen into ComfyUI's Python. Pictures are tensors of
ComfyUI's own torch; vimogen itself needs none.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import vimogen

# The type of the wires between these nodes.
MOTION = "VIMOGEN_MOTION"
CATEGORY = "vimogen"
_SAVES = tuple(kind["extensions"][0] for kind in vimogen.file_formats() if kind["writes"])


class Generate:
    """A motion from a sentence."""

    CATEGORY, FUNCTION = CATEGORY, "generate"
    RETURN_TYPES, RETURN_NAMES = (MOTION, "STRING"), ("motion", "notes")
    OUTPUT_TOOLTIPS = ("the motion", "what of the prompt the model does not know, one note per line")
    DESCRIPTION = "Makes a motion from a sentence. The same seed and prompt give the same motion."

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802  # ComfyUI's name
        """The inputs of the node."""
        return {
            "required": {
                "prompt": ("STRING", {"multiline": True, "default": "a person walks forward and waves"}),
                "seed": ("INT", {"default": 42, "min": 0, "max": 2**64 - 1, "control_after_generate": True}),
                "seconds": ("FLOAT", {"default": 5.0, "min": 0.1, "max": 3600.0, "step": 0.5}),
                "quality": (("full", "fast"), {"tooltip": "full: 50 steps; fast: 40 of another solver"}),
            },
            "optional": {
                "model": ("STRING", {"default": "", "tooltip": "folder of a model; empty: the built-in one"}),
                "text_encoder": ("STRING", {"default": "", "tooltip": "folder of the encoder of a released model"}),
                "device": ("STRING", {"default": "cpu", "tooltip": "cpu, cuda, cuda:N or wgpu"}),
            },
        }

    def generate(
        self,
        prompt: str,
        seed: int,
        seconds: float,
        quality: str,
        model: str = "",
        text_encoder: str = "",
        device: str = "cpu",
    ) -> tuple[vimogen.Motion, str]:
        """Generate."""
        pipe = _pipeline(model, text_encoder, device)
        frames = max(2, round(seconds * pipe.fps))
        motion = pipe(prompt, num_frames=frames, seed=seed, quality=quality, callback=_progress("sample"))
        return motion, "\n".join(note["message"] for note in pipe.notes(prompt))


class Render:
    """Pictures of a body that performs the motion."""

    CATEGORY, FUNCTION = CATEGORY, "render"
    RETURN_TYPES = ("IMAGE",)
    DESCRIPTION = "Draws every frame, lit or as depth, which ControlNets for depth take."

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802  # ComfyUI's name
        """The inputs of the node."""
        side = {"default": 512, "min": 16, "max": 4096, "step": 8}
        return {
            "required": {
                "motion": (MOTION,),
                "width": ("INT", side),
                "height": ("INT", side),
                "style": (("lit", "depth"),),
                "view": (("path", "follow"), {"tooltip": "path: a camera that stands; follow: one that goes along"}),
                "yaw": ("FLOAT", {"default": 0.0, "min": -360.0, "max": 360.0, "tooltip": "degrees from the front"}),
                "pitch": ("FLOAT", {"default": 30.0, "min": -89.0, "max": 89.0, "tooltip": "degrees downwards"}),
                "fps": ("FLOAT", {"default": 0.0, "min": 0.0, "max": 240.0, "tooltip": "0: that of the motion"}),
            }
        }

    def render(
        self,
        motion: vimogen.Motion,
        width: int,
        height: int,
        style: str,
        view: str,
        yaw: float,
        pitch: float,
        fps: float,
    ) -> tuple[Any]:
        """Draw: a tensor (frames, height, width, 3) from 0 to 1."""
        with tempfile.TemporaryDirectory(prefix="vimogen-") as folder:
            pictures = Path(folder, "pictures")
            motion.render(
                pictures,
                size=(width, height),
                style=style,
                view=view,
                yaw=yaw,
                pitch=pitch,
                fps=fps or None,
                callback=_progress("render"),
            )
            return (_tensor(sorted(pictures.glob("*.png"))),)


class Save:
    """A file of the motion in ComfyUI's output folder."""

    CATEGORY, FUNCTION, OUTPUT_NODE = CATEGORY, "save", True
    RETURN_TYPES, RETURN_NAMES = ("STRING",), ("path",)
    DESCRIPTION = "Writes the motion as a file for Blender, engines, NumPy or a browser."

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802  # ComfyUI's name
        """The inputs of the node."""
        return {
            "required": {
                "motion": (MOTION,),
                "filename_prefix": ("STRING", {"default": "vimogen"}),
                "format": (_SAVES, {"default": "glb"}),
            }
        }

    def save(self, motion: vimogen.Motion, filename_prefix: str, format: str) -> dict[str, Any]:
        """Write the file."""
        path, shown = _free(filename_prefix, format)
        motion.save(path, title=filename_prefix)
        return {"ui": {"text": [shown]}, "result": (str(path),)}


class Retarget:
    """A file of a character that performs the motion, in ComfyUI's output folder."""

    CATEGORY, FUNCTION, OUTPUT_NODE = CATEGORY, "retarget", True
    RETURN_TYPES, RETURN_NAMES = ("STRING",), ("path",)
    DESCRIPTION = "Puts the motion onto a skinned character, and writes the character with it."

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802  # ComfyUI's name
        """The inputs of the node."""
        return {
            "required": {
                "motion": (MOTION,),
                "character": ("STRING", {"default": "", "tooltip": "path of a .glb, .gltf or .vrm file"}),
                "filename_prefix": ("STRING", {"default": "character"}),
            }
        }

    def retarget(self, motion: Any, character: str, filename_prefix: str) -> dict[str, Any]:
        """Write the file."""
        ending = ".vrm" if character.lower().endswith(".vrm") else ".glb"
        path, shown = _free(filename_prefix, ending[1:])
        motion.retarget(character, path)
        return {"ui": {"text": [shown]}, "result": (str(path),)}


def _free(prefix: str, ending: str) -> tuple[Path, str]:
    """The first free number of a prefix in the output folder, as ComfyUI's own nodes count; and the path below it."""
    import folder_paths

    folder, name, number, below, _ = folder_paths.get_save_image_path(prefix, folder_paths.get_output_directory())
    taken = [re.fullmatch(rf"{re.escape(name)}_(\d+)_?\..*", path.name) for path in Path(folder).iterdir()]
    number = max([number, *(int(found[1]) + 1 for found in taken if found)])
    file = f"{name}_{number:05}_.{ending}"
    return Path(folder, file), str(Path(below, file))


@lru_cache(maxsize=1)
def _pipeline(model: str, text_encoder: str, device: str) -> vimogen.Pipeline:
    """The model of the last run, which is often that of the next."""
    return vimogen.Pipeline.from_pretrained(model or None, text_encoder=text_encoder or None, device=device)


def _progress(wanted: str) -> Callable[[str, int, int], bool]:
    """A callback that moves ComfyUI's bar and stops when the user does."""
    import comfy.model_management
    import comfy.utils

    bars: list[Any] = []

    def show(stage: str, step: int, total: int) -> bool:
        comfy.model_management.throw_exception_if_processing_interrupted()
        if stage == wanted:
            if not bars:
                bars.append(comfy.utils.ProgressBar(total))
            bars[0].update_absolute(step, total)
        return True

    return show


def _tensor(files: list[Path]) -> Any:
    """Pictures as a tensor, with ComfyUI's own packages."""
    import numpy as np
    import torch
    from PIL import Image

    pictures = []
    for file in files:
        with Image.open(file) as picture:
            pictures.append(np.asarray(picture.convert("RGB"), np.float32) / 255)
    return torch.from_numpy(np.stack(pictures))


NODE_CLASS_MAPPINGS = {"VimogenGenerate": Generate, "VimogenRender": Render, "VimogenSave": Save}
NODE_DISPLAY_NAME_MAPPINGS = {
    "VimogenGenerate": "Generate motion",
    "VimogenRender": "Render motion",
    "VimogenSave": "Save motion",
}
if hasattr(vimogen.Motion, "retarget"):
    NODE_CLASS_MAPPINGS["VimogenRetarget"] = Retarget
    NODE_DISPLAY_NAME_MAPPINGS["VimogenRetarget"] = "Retarget motion"
