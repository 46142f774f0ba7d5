"""Work on many machines: batches with Ray Data (``pip install "ray[data]"``), a server with Ray Serve (:func:`api`).

Each worker is an actor that loads the model once. Results are files on storage that all workers see; those that are
there already are skipped, so a run that was stopped goes on where it was.

>>> from vimogen import ray as vray  # doctest: +SKIP
>>> vray.generate(["a person jumps", "a person waves"], "motions", workers=2)  # doctest: +SKIP
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import _runs
from ._files import write_text
from ._options import DEFAULT_SEED, lists_options
from ._vimogen import Motion, Pipeline, TextEncoder, VimogenError, file_formats

if importlib.util.find_spec("ray") is None:
    raise ImportError('vimogen.ray needs Ray Data: pip install "ray[data]"')

StrPath = str | os.PathLike[str]
Rows = dict[str, Any]

MOTIONS = tuple(f".{extension}" for kind in file_formats() if kind["reads"] for extension in kind["extensions"])
LOSSLESS = tuple(f".{extension}" for kind in file_formats() if kind["lossless"] for extension in kind["extensions"])


class _Generator:
    """A worker that generates."""

    def __init__(self, model: str | None, load: dict[str, Any], options: dict[str, Any]) -> None:
        self.pipe = Pipeline.from_pretrained(model, **load)
        self.options = options

    def __call__(self, rows: Rows) -> Rows:
        items = [(str(p), int(s), str(f)) for p, s, f in zip(rows["prompt"], rows["seed"], rows["path"], strict=True)]
        try:
            self._make(items)
        except (VimogenError, OSError):
            # One of them is at fault; the others are made without it.
            return rows | {"error": np.array([self._make_one(item) for item in items])}
        return rows | {"error": np.array([""] * len(items))}

    def _make(self, items: list[tuple[str, int, str]]) -> None:
        prompts, seeds = [prompt for prompt, _, _ in items], [seed for _, seed, _ in items]
        for motion, (_, _, path) in zip(self.pipe(prompts, seed=seeds, **self.options), items, strict=True):
            motion.save(path)

    def _make_one(self, item: tuple[str, int, str]) -> str:
        """Make a motion; the reason if it cannot be made."""
        try:
            self._make([item])
        except (VimogenError, OSError) as error:
            return f"{type(error).__name__}: {error}"
        return ""


class _Encoder:
    """A worker that encodes its share of a data set's texts."""

    def __init__(self, text_encoder: str, load: dict[str, Any], job: dict[str, Any]) -> None:
        self.encoder = TextEncoder.from_pretrained(text_encoder, **load)
        self.job = job

    def __call__(self, rows: Rows) -> Rows:
        shards = [(int(i), int(n)) for i, n in zip(rows["i"], rows["n"], strict=True)]
        reports = [self.encoder.encode_manifest(**self.job, shard=shard) for shard in shards]
        return {"report": np.array([json.dumps(report) for report in reports])}


class _Scorer:
    """A worker that scores."""

    def __call__(self, rows: Rows) -> Rows:
        return {"path": rows["path"], "score": np.array([json.dumps(self.score(str(path))) for path in rows["path"]])}

    def score(self, path: str) -> dict[str, Any]:
        """Measure a file; the reason instead if that cannot be done."""
        try:
            values = Motion.load(path).quality()
        except (VimogenError, OSError) as error:
            return {"reason": str(error)}
        undefined = [name for name, value in values.items() if not np.isfinite(value)]
        return {"reason": f"{undefined[0]} is not defined for it"} if undefined else {"values": values}


@lists_options("GenerateOptions")
def generate(
    prompts: Sequence[str],
    out: StrPath,
    *,
    workers: int = 2,
    batch_size: int = 8,
    seed: int = DEFAULT_SEED,
    ending: str = "npz",
    model: StrPath | None = None,
    device: str = "cpu",
    dtype: str = "float32",
    resources: dict[str, Any] | None = None,
    **options: Any,
) -> list[Path]:
    """Generate a motion for each prompt, on many workers.

    Parameters
    ----------
    prompts : list of str
        A motion's file is named after its place in the list and its prompt.
    out : str or os.PathLike
        Folder for the motions, on storage that all workers see.
    workers : int
        Actors, each of which loads the model once.
    batch_size : int
        Prompts that an actor generates together, the maximum loss when it is stopped.
    seed : int
        Seed of each motion, as on the command line and in :class:`Pipeline`: regardless of workers and batches.
    ending : str
        Extension that :meth:`Motion.save` knows, such as npz, bvh or html.
    model, device, dtype
        As in :meth:`Pipeline.from_pretrained`.
    resources : dict, optional
        Ray's resources of a worker, such as ``{"num_cpus": 8}`` or ``{"num_gpus": 1}``.
    **options
        {options}

    Returns
    -------
    list of pathlib.Path
        The files, in the order of the prompts. A prompt without a motion does not end the job: its file is missing, a
        warning names it, and ``errors.json`` in the folder holds its error.

    """
    folder = Path(out).resolve()
    lora = options.get("lora")
    run = _runs.record(
        list(prompts),
        None if model is None else Path(model),
        {"lora": None if lora is None else Path(lora)},
        {**options, "seed": seed, "seeds": "one for all", "dtype": dtype, "ending": ending},
    )
    _runs.check(folder, run)
    _runs.write(folder, run)
    files = [folder / f"{i:06d}-{_slug(prompt)}.{ending}" for i, prompt in enumerate(prompts)]
    todo = [
        {"prompt": prompt, "seed": seed, "path": str(file)}
        for prompt, file in zip(prompts, files, strict=True)
        if not file.exists()
    ]
    if todo:
        load = {"device": device, "dtype": dtype}
        # A worker has another working directory.
        path = None if model is None else os.fspath(Path(model).resolve())
        made = _run(todo, _Generator, workers, batch_size, resources, (path, load, options))
        errors = {Path(str(row["path"])).name: str(row["error"]) for row in made if str(row["error"])}
        _report(folder / "errors.json", dict(sorted(errors.items())))
    return files


def _report(path: Path, errors: dict[str, str]) -> None:
    """Write the errors of a job next to its results; a job without one leaves no file."""
    if not errors:
        path.unlink(missing_ok=True)
        return
    write_text(path, json.dumps(errors, indent=2) + "\n")
    name, reason = next(iter(errors.items()))
    warnings.warn(f"{len(errors)} motions could not be made, see {path}; {name}: {reason}", stacklevel=3)


def evaluate(
    folder: StrPath, *, workers: int = 2, batch_size: int = 64, resources: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Score the motions in a folder as :func:`vimogen.evaluate` does, on many workers.

    Files of joints, which that function takes as well, are not read here.

    Returns
    -------
    dict
        ``dimensions``: mean, std and num_samples of each metric; ``motions``: the metrics of each motion; ``failed``:
        ``file`` and ``reason`` of each file that could not be measured and is left out.

    """
    files = _motions(Path(folder).resolve())
    made = _run([{"path": str(file)} for file in files], _Scorer, workers, batch_size, resources, ())
    rows = sorted((str(row["path"]), json.loads(str(row["score"]))) for row in made)
    failed = [{"file": path, "reason": score["reason"]} for path, score in rows if "reason" in score]
    motions = {Path(path).stem: score["values"] for path, score in rows if "values" in score}
    if not motions:
        raise ValueError(
            f"none of the {len(failed)} motions can be measured; {failed[0]['file']}: {failed[0]['reason']}"
        )
    table = {name: np.array([motion[name] for motion in motions.values()]) for name in next(iter(motions.values()))}
    dimensions = {
        name: {"mean": float(values.mean()), "std": float(values.std()), "num_samples": len(values)}
        for name, values in table.items()
    }
    return {"dimensions": dimensions, "motions": motions, "failed": failed}


def _motions(folder: Path) -> list[Path]:
    """Give the motion files of a folder; of one in several formats, that with the features."""
    found: dict[str, Path] = {}
    for file in sorted(path for path in folder.iterdir() if path.suffix.lower() in MOTIONS):
        other = found.get(file.stem)
        if other is not None and (other.suffix.lower() in LOSSLESS) == (file.suffix.lower() in LOSSLESS):
            raise ValueError(f"{other} and {file} have one name; keep one of them")
        if other is None or file.suffix.lower() in LOSSLESS:
            found[file.stem] = file
    if not found:
        raise FileNotFoundError(f"no motions ({', '.join(MOTIONS)}) in {folder}")
    return list(found.values())


def encode_text(
    manifest: StrPath,
    output: StrPath,
    *,
    text_encoder: StrPath,
    text_key: str = "video_text_annot",
    workers: int = 2,
    shards: int | None = None,
    memory: str = "auto",
    dtype: str = "stored",
    device: str = "cpu",
    resources: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Encode the texts of a data set as :meth:`TextEncoder.encode_manifest` does, on many workers.

    Manifest, output and text encoder are on storage that all workers see.

    Parameters
    ----------
    manifest, output, text_key
        As in :meth:`TextEncoder.encode_manifest`.
    text_encoder, memory, dtype, device
        As in :meth:`TextEncoder.from_pretrained`.
    shards : int, optional
        Number of parts of the entries; a stopped part continues where it was. None: one per worker.
    workers, resources
        As in :func:`generate`.

    Returns
    -------
    dict
        ``total``, ``encoded``, ``skipped`` and ``failed`` of all parts; ``written``: whether the manifest names the
        texts.

    """
    count = shards or workers
    job = {"manifest": Path(manifest).resolve(), "output": Path(output).resolve(), "text_key": text_key}
    load = {"memory": memory, "dtype": dtype, "device": device}
    rows = [{"i": i + 1, "n": count} for i in range(count)]
    made = _run(rows, _Encoder, workers, 1, resources, (os.fspath(Path(text_encoder).resolve()), load, job))
    reports = [json.loads(str(row["report"])) for row in made]
    whole: dict[str, Any] = {key: sum(report[key] for report in reports) for key in ("total", "encoded", "skipped")}
    whole["failed"] = sorted(fault for report in reports for fault in report["failed"])
    return whole | {"written": any(report["written"] for report in reports)}


def _run(
    rows: list[Rows], worker: type, workers: int, batch_size: int, resources: dict[str, Any] | None, arguments: Any
) -> list[Rows]:
    """Results of the workers; each gets at least one block of rows."""
    try:
        import ray.data
    except ImportError as error:
        raise ImportError('this needs Ray Data: pip install "ray[data]"') from error
    blocks = min(len(rows), max(workers, -(-len(rows) // batch_size)))
    data = ray.data.from_items(rows, override_num_blocks=blocks)
    mapped = data.map_batches(
        worker,
        fn_constructor_args=arguments,
        batch_size=batch_size,
        compute=ray.data.ActorPoolStrategy(size=workers),
        **(resources or {}),
    )
    made: list[Rows] = mapped.take_all()
    return made


def api(**options: Any) -> Any:
    """Make the server's interface as an application of Ray Serve; needs ``pip install "ray[serve]" starlette``.

    Takes ``replicas`` (a number, or minimum and maximum), ``model``, ``device``, ``dtype``, ``resources`` of a replica
    such as ``{"num_gpus": 0.25}``, ``ongoing`` requests per replica, and ``settings``
    (:class:`vimogen.studio.Settings`). A request whose replica dies is passed to another one.

    Examples
    --------
    >>> from ray import serve  # doctest: +SKIP
    >>> serve.run(api(replicas=2))  # doctest: +SKIP

    """
    from ._ray_api import api as make

    return make(**options)


def _slug(prompt: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", prompt.lower()).strip("-")[:60].strip("-") or "motion"
