"""Training by experiment files, and the preparation of data sets."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, Literal

from . import _vimogen

StrPath = str | os.PathLike[str]


def run_experiment(
    config: StrPath,
    set: Iterable[str] = (),
    *,
    resume: StrPath = "auto",
    device: str = "cpu",
    save: StrPath | None = None,
    dtype: str = "float32",
    adapter: StrPath | None = None,
    callback: Callable[[dict[str, Any]], object] | None = None,
    all_reduce: Callable[[Any], Any] | Literal["mpi"] | None = None,
    rank: int = 0,
    world_size: int = 1,
) -> dict[str, Any]:
    """Train by an experiment file (YAML, the release's sections).

    Parameters
    ----------
    config : str or os.PathLike
        The file.
    set : str or iterable of str
        Overrides such as ``"solver.lr=1e-4"``.
    resume : str or os.PathLike
        ``"auto"``: from the newest checkpoint in the run's folder, if there is one. ``"never"``: the folder must hold
        none. A folder: from the newest checkpoint there, ours or the release's ``checkpointing``.
    device : str
        As in :meth:`Pipeline.from_pretrained`.
    save : str or os.PathLike, optional
        Folder for the averaged model, written after the last step.
    dtype : str
        How that model is stored, ``"float32"``, ``"bfloat16"`` or ``"int8"``.
    adapter : str or os.PathLike, optional
        Folder for the averaged LoRA adapters and the captions of their training, written after the last step of a run
        with ``solver.lora``; ``Pipeline.from_pretrained(lora=...)`` loads it.
    callback : callable, optional
        Called with a dict per event: ``kind`` is ``"note"``, ``"step"``, ``"checkpoint"`` or ``"samples"``, ``text`` is
        for display; steps have their measurements. Returning False ends the run after a checkpoint.
    all_reduce, rank, world_size
        As in :class:`Trainer`: train together with other processes. Only the first one calls its callback, which can
        end the run, and writes files, into a folder that all can read.

    Returns
    -------
    dict
        ``steps_done``, ``stopped``, ``skipped_steps``, ``checkpoints`` (a folder), ``rank``.

    """
    return _vimogen.run_experiment(
        config,
        [set] if isinstance(set, str) else list(set),
        resume=os.fspath(resume),
        device=device,
        save=save,
        dtype=dtype,
        adapter=adapter,
        callback=callback,
        all_reduce=all_reduce,
        rank=rank,
        world_size=world_size,
    )


def prepare_data(
    manifests: StrPath | Iterable[StrPath],
    out: StrPath,
    *,
    root: StrPath | None = None,
    stats: bool = False,
    shard_bytes: int | None = None,
    text_key: str = "video_text_annot",
    max_bad_fraction: float = 0.01,
    callback: Callable[[str, int, int], object] | None = None,
) -> dict[str, Any]:
    """Write one manifest with absolute paths into a folder and, if requested, statistics and packed shards.

    Parameters
    ----------
    manifests : str, os.PathLike or iterable of them
        JSON lists of clips, which may be in any format that ``Motion.load`` reads. Features are taken as they are;
        other clips are resampled to 20 frames per second and placed at the origin, facing +y.
    out : str or os.PathLike
        The folder: ``manifest.json``, ``mean.npy`` and ``std.npy``, ``stats.json``, ``shard-*.safetensors``.
    root : str or os.PathLike, optional
        Base folder of the paths in the manifests.
    stats : bool
        Whether mean and standard deviation are computed, in one pass and constant memory.
    shard_bytes : int, optional
        Pack the clips into shards of about this many bytes.
    text_key : str
        Caption whose encoded form is packed.
    max_bad_fraction : float
        Share of clips that may be unreadable; they are left out and listed.
    callback : callable, optional
        As in :meth:`Pipeline.__call__`; the stage is ``"prepare"``.

    Returns
    -------
    dict
        ``manifest``, ``clips``, ``frames``, ``duplicates``, ``shards``; ``bad`` and ``warnings``, lists of names and
        reasons; ``without_caption``, a list of names.

    """
    files = [manifests] if isinstance(manifests, str | os.PathLike) else list(manifests)
    return _vimogen.prepare_data(
        files,
        out,
        root=root,
        stats=stats,
        shard_bytes=shard_bytes,
        text_key=text_key,
        max_bad_fraction=max_bad_fraction,
        callback=callback,
    )
