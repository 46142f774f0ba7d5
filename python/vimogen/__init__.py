"""Text to 3D human motion: a sentence in, a skeleton animation out.

>>> import vimogen
>>> motion = vimogen.generate("a person walks forward", num_frames=40, num_inference_steps=4)
>>> motion.joints.shape  # frames, joints, metres (z up)
(40, 22, 3)

``Pipeline`` loads a model and generates, ``Motion`` is a clip, ``Trainer`` trains, ``run_experiment`` trains by a file,
``evaluate`` scores. ``Dit``, ``sample`` and ``flow`` are the network, the sampler and its schedule on NumPy arrays;
``rotations``, ``motion`` and ``mbench`` are functions of motions. Every error is a ``VimogenError`` and also the
expected builtin, such as ``ValueError``.
"""

from . import _load as _load  # isort: skip  # before all that imports the compiled module
from . import flow, mbench, motion, rotations
from ._api import evaluate, generate, progress_bar
from ._experiment import prepare_data, run_experiment
from ._finetune import finetune
from ._methods import attach as _attach
from ._skeleton import JOINTS, PARENTS
from ._train import Trainer
from ._vimogen import (
    Body,
    CancelledError,
    Character,
    ConfigError,
    DeviceError,
    Dit,
    DivergedError,
    FileError,
    FormatError,
    InternalError,
    InvalidArgumentError,
    Motion,
    MotionWarning,
    NonFiniteError,
    NoTextEncoderError,
    NotFoundError,
    Pipeline,
    ProcessGroupError,
    PromptWarning,
    Robot,
    RobotMotion,
    ShapeError,
    Stream,
    SyntheticData,
    TextEncoder,
    TooLargeError,
    VimogenError,
    WeightsError,
    __version__,
    best,
    collate,
    convert,
    download,
    file_formats,
    sample,
    save_player,
    split_prompt,
)
from .control import Constraints

_attach()

__all__ = [
    "JOINTS",
    "PARENTS",
    "Body",
    "CancelledError",
    "Character",
    "ConfigError",
    "Constraints",
    "DeviceError",
    "Dit",
    "DivergedError",
    "FileError",
    "FormatError",
    "InternalError",
    "InvalidArgumentError",
    "Motion",
    "MotionWarning",
    "NoTextEncoderError",
    "NonFiniteError",
    "NotFoundError",
    "Pipeline",
    "ProcessGroupError",
    "PromptWarning",
    "Robot",
    "RobotMotion",
    "ShapeError",
    "Stream",
    "SyntheticData",
    "TextEncoder",
    "TooLargeError",
    "Trainer",
    "VimogenError",
    "WeightsError",
    "__version__",
    "best",
    "collate",
    "convert",
    "download",
    "evaluate",
    "file_formats",
    "finetune",
    "flow",
    "generate",
    "mbench",
    "motion",
    "prepare_data",
    "progress_bar",
    "rotations",
    "run_experiment",
    "sample",
    "save_player",
    "split_prompt",
]
