"""Fine-tuning a model on a few captioned clips."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ._experiment import run_experiment
from ._files import read_text, write_text
from ._options import DEFAULT_SEED
from ._vimogen import InvalidArgumentError

StrPath = str | os.PathLike[str]

RECIPE = "experiment.yaml"


def finetune(
    clips: StrPath,
    out: StrPath,
    *,
    model: StrPath | None = None,
    steps: int = 400,
    lr: float = 1e-3,
    rank: int = 16,
    batch_size: int = 8,
    share: float | None = None,
    mirror: bool = True,
    seed: int = DEFAULT_SEED,
    device: str = "cpu",
    fresh: bool = False,
    callback: Callable[[dict[str, Any]], object] | None = None,
) -> dict[str, Any]:
    """Train LoRA adapters of a model on a folder of captioned clips.

    ``Pipeline.from_pretrained(model, lora=out)`` uses them. A run that was stopped goes on when it is started again.

    Parameters
    ----------
    clips : str or os.PathLike
        A folder of motions in any format that :meth:`Motion.load` reads, with a ``.txt`` of the same name next to each
        or a ``captions.csv`` with the columns ``clip`` and ``caption``.
    out : str or os.PathLike
        The folder to write: ``adapter.safetensors``, ``prompts.json``, the recipe ``experiment.yaml``, and ``run`` with
        checkpoints and logs.
    model : str or os.PathLike, optional
        The model to adapt, with the built-in text encoder. None: the built-in model.
    steps, lr, rank, batch_size : int, float, int, int
        Steps of the training, its learning rate, columns of the adapters, and clips per step.
    share : float, optional
        Share of the samples that come from the clips; the others are procedural motion, so that the model does not
        forget what it knows. None: 0.7 for the built-in model, 1 for others.
    mirror : bool
        Whether clips are also shown in a mirror, with left and right exchanged in their captions.
    seed : int
        Seed of the adapters and of the order of clips.
    device : str
        As in :meth:`Pipeline.from_pretrained`.
    fresh : bool
        Start again, also if `out` holds a run.
    callback : callable, optional
        As in :func:`run_experiment`.

    Returns
    -------
    dict
        As :func:`run_experiment`.

    """
    folder = Path(clips)
    if not folder.is_dir():
        raise InvalidArgumentError(f"invalid clips: {folder} is no folder; it should hold motions and their captions")
    target = Path(out)
    share = (0.7 if model is None else 1.0) if share is None else share
    # Paths are whole, so that the recipe runs from any folder.
    recipe = {
        "experiment": {
            "name": target.resolve().name,
            "output_dir": str((target / "run").resolve()),
            "seed": seed,
            "visualize_every": 0,
            "checkpoint_every": 200,
            "log_every": 20,
            "keep_checkpoints": 1,
        },
        "model_path": {"model": "built-in" if model is None else str(Path(model).resolve())},
        "solver": {
            "num_steps": steps,
            "lr": lr,
            "betas": [0.9, 0.98],
            "warmup_steps": min(50, steps // 4),
            "lr_schedule": "stable_decay",
            "loss_weighting": "uniform",
            "grad_clip": 1.0,
            "ema_decay": 0.99,
            "weight_decay": 0.0,
            "parallel_parts": min(2, batch_size),
            "lora": {"rank": rank, "alpha": rank, "targets": ["attn", "ffn"]},
        },
        "dataloader": {"batch_size": batch_size},
        "dataset": {
            "procedural": share < 1.0,
            "text": 0.95,
            "null_text": 0.1,
            "clips": {"folder": str(folder.resolve()), "share": share, "mirror": mirror, "min_frames": 20},
        },
    }
    path = target / RECIPE
    _prepare(path, recipe, fresh=fresh)
    return run_experiment(path, device=device, adapter=target, callback=callback)


def _prepare(path: Path, recipe: dict[str, Any], *, fresh: bool) -> None:
    """Write the recipe; a run with another one is not continued."""
    lines = [f"{section}: {json.dumps(keys, ensure_ascii=False)}\n" for section, keys in recipe.items()]
    text = "# Adapters, as `vimogen finetune` trains them.\n" + "".join(lines)
    run = path.parent / "run"
    if fresh and run.is_dir():
        shutil.rmtree(run)
    if run.exists() and path.is_file() and read_text(path) != text:
        raise InvalidArgumentError(
            f"invalid out: {path.parent} holds a run with other settings ({path.name}); choose another folder, or "
            "start again with fresh"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, text)
