"""Functions of the package: generating, scoring, progress."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from . import _vimogen
from ._methods import compiled_call, listed, paired
from ._options import DEFAULT_SEED, lists_options
from ._vimogen import Motion, Pipeline

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Unpack

    from ._types import GenerateOptions, Preset

    Callback = Callable[[str, int, int], object]
    Embeds = NDArray[Any] | str | os.PathLike[str]
    Reference = Motion | str | os.PathLike[str]


@functools.cache
def _builtin() -> Pipeline:
    return Pipeline.from_pretrained()


@overload
def generate(
    prompt: str | None = None,
    *,
    num_frames: int | None = None,
    seed: int = DEFAULT_SEED,
    reference: Reference | None = None,
    prompt_embeds: Embeds | None = None,
    callback: Callback | None = None,
    quality: Preset = "full",
    **options: Unpack[GenerateOptions],
) -> Motion: ...
@overload
def generate(
    prompt: list[str] | tuple[str, ...],
    *,
    num_frames: int | Sequence[int] | None = None,
    seed: int | Sequence[int] = DEFAULT_SEED,
    reference: None = None,
    prompt_embeds: None = None,
    callback: Callback | None = None,
    quality: Preset = "full",
    **options: Unpack[GenerateOptions],
) -> list[Motion]: ...
@lists_options("GenerateOptions")
def generate(
    prompt: str | list[str] | tuple[str, ...] | None = None,
    *,
    num_frames: int | Sequence[int] | None = None,
    seed: int | Sequence[int] = DEFAULT_SEED,
    reference: Reference | Sequence[Reference] | None = None,
    prompt_embeds: Embeds | Sequence[Embeds] | None = None,
    callback: Callback | None = None,
    quality: Preset = "full",
    **options: Any,
) -> Motion | list[Motion]:
    """Generate one motion with the built-in model, or a list of them if an argument is a list.

    The model is loaded at the first call. :meth:`Pipeline.__call__` takes the same arguments.

    Parameters
    ----------
    prompt : str or sequence of str, optional
        A description such as ``"a person walks forward and waves"``.
    num_frames : int or sequence of int, optional
        Length in frames, 2 to 72000. None: that of the reference, or 100. Motions of more frames than the model was
        trained on are made in windows; see `windows`.
    seed : int or sequence of int, default 42
        Seed of the noise. The same seed and prompt give the same motion, alone or in a list.
    reference : Motion, path, or sequence of them, optional
        A motion to follow, in place of a prompt: giving both is an InvalidArgumentError.
    prompt_embeds : array_like (L, text_dim), path, or list of them, optional
        Encoded prompts, instead of `prompt`.
    callback : callable, optional
        ``callback(stage, step, total)`` after each step; stage is ``"encode"`` or ``"sample"``. Returning False
        raises CancelledError; an exception ends the generation.
    quality : {"full", "fast"}, default "full"
        Preset of steps and solver: ``"full"``, 50 steps of ``"euler"``, or ``"fast"``, 40 of ``"ab2"``.
    **options
        {options}

    Returns
    -------
    Motion or list of Motion

    Examples
    --------
    >>> import vimogen
    >>> vimogen.generate(["a person jumps", "a person sits down"], num_frames=30, num_inference_steps=2)
    [Motion(frames=30, fps=20, seconds=1.50), Motion(frames=30, fps=20, seconds=1.50)]

    """
    # The compiled call, as in Pipeline: a warning then names the line that called this function.
    return compiled_call(
        _builtin(),
        listed(prompt),
        num_frames=listed(num_frames),
        seed=listed(seed),
        reference=listed(reference),
        prompt_embeds=listed(prompt_embeds, rows=True),
        callback=callback,
        quality=quality,
        **paired(options),
    )


def evaluate(
    folder: str | os.PathLike[str],
    dimensions: str | Sequence[str] | None = None,
    output: str | os.PathLike[str] | None = None,
    *,
    up_axis: int = 2,
    info: str | os.PathLike[str] | None = None,
    name: str | None = None,
    jobs: int | None = None,
    prompt_template: str | os.PathLike[str] | None = None,
    seed: int = DEFAULT_SEED,
    compare: Sequence[str | os.PathLike[str]] = (),
    body: str | os.PathLike[str] | None = None,
    priors: str | os.PathLike[str] | None = None,
    nrdf: str | os.PathLike[str] | None = None,
    body_joints: bool = False,
    reading: Mapping[str, Any] | None = None,
    callback: Callable[[str, int, int], Any] | None = None,
) -> dict[str, Any]:
    """Score the motions in a folder.

    Parameters
    ----------
    folder : str or os.PathLike
        Motions of any format that ``Motion.load`` reads, or joints (T, 22, 3) as ``.npy`` or ``.pt``.
    dimensions : str or sequence of str, optional
        Names of MBench's dimensions, such as ``"Jitter_Degree"``. None: all, without `info` those of motion quality.
    output : str or os.PathLike, optional
        A file to write the report to, as JSON. With `info` the folder for MBench's files, a table (CSV) and a page
        (HTML), ``<folder>-results`` if it is None.
    up_axis : int
        Height axis of joint files. The release measures along 2, although its joints have y up.
    reading : dict, optional
        Arguments of ``Motion.load`` for all motions: ``fps``, ``up``, ``unit``, ``person``, ``names``, ``fit_joints``.
    info : str or os.PathLike, optional
        ``MBench_eval_info.json``: its motions are looked up as ``<id>.npy``, ``<id>.pt``, then in other formats, and
        ``<id>.mp4``. Results are saved one by one, and a second call continues after a stop. The arguments below need
        `info`.
    name : str, optional
        Prefix of the result files. None: the folder's name.
    jobs : int, optional
        Motions in parallel. None: one per core, and 4 for a judge.
    prompt_template : str or os.PathLike, optional
        Another wording of the questions to the judge, which environment variables select.
    seed : int
        Seed of the order of the motions in a question to the judge.
    compare : list of paths
        ``<name>_eval_results.json`` of other runs, shown in the page.
    body : str or os.PathLike, optional
        SMPL body for the pose dimensions, such as ``SMPL_NEUTRAL.pkl``. None: the built-in neutral body.
    priors : str or os.PathLike, optional
        Folder of ``gmm_08.pkl`` and ``neutral_smpl_mean_params.h5``, the priors of the fit of bodies to joints.
    nrdf : str or os.PathLike, optional
        Folder of an NRDF model, for Pose_Quality.
    body_joints : bool
        Give NRDF the 21 body joints of its training instead of the release's rows.
    callback : callable, optional
        ``callback(stage, step, total)`` after each motion; returning False raises CancelledError.

    Returns
    -------
    dict
        ``dimensions``: mean, std and num_samples of each metric; ``motions``: the metrics of each motion; ``failed``:
        ``file`` and ``reason`` of each file that could not be measured and is left out; ``warnings``: doubts about
        other files. With `info`: ``dimensions``: ``aggregate`` and ``per_motion`` of each; ``settings``, ``missing``,
        ``failed``, ``skipped``, ``warnings``.

    """
    wanted = [dimensions] if isinstance(dimensions, str) else None if dimensions is None else list(dimensions)
    given = dict(reading or {})
    if info is None:
        _refuse_without_info(
            {"name": name, "jobs": jobs, "prompt_template": prompt_template, "compare": compare, "body": body},
            {"priors": priors, "nrdf": nrdf, "body_joints": body_joints, "callback": callback},
            {"seed": seed != DEFAULT_SEED},
        )
        return _vimogen.evaluate_folder(folder, wanted, output, up_axis, given)
    path = Path(folder).resolve()
    results: dict[str, Any] = json.loads(
        _vimogen.evaluate_benchmark_json(
            folder,
            info,
            f"{path}-results" if output is None else output,
            path.name if name is None else name,
            dimensions=wanted,
            up_axis=up_axis,
            jobs=jobs,
            prompt_template=prompt_template,
            seed=seed,
            compare=list(compare),
            body=body,
            priors=priors,
            nrdf=nrdf,
            body_joints=body_joints,
            reading=given,
            callback=callback,
        )
    )
    return results


def _refuse_without_info(*groups: Mapping[str, Any]) -> None:
    """Raise for arguments of the whole benchmark: without `info` they would change nothing."""
    given = [name for group in groups for name, value in group.items() if value]
    if given:
        raise _vimogen.InvalidArgumentError(
            f"invalid {', '.join(given)}: only with info, MBench_eval_info.json; motion quality needs none of them"
        )


def progress_bar(**options: Any) -> Callable[[str, int, int], None]:
    """Make a callback that shows a progress bar, in a notebook or a terminal; needs ``pip install tqdm``.

    ``options`` go to ``tqdm``.

    Examples
    --------
    >>> import vimogen
    >>> motion = vimogen.generate("a person waves", callback=vimogen.progress_bar(disable=True), num_inference_steps=2)

    """
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ImportError("progress_bar needs tqdm: pip install tqdm") from error
    bars: dict[str, Any] = {}

    def show(stage: str, step: int, total: int) -> None:
        bar = bars.get(stage)
        if bar is None:
            bar = bars[stage] = tqdm(total=total, desc=stage, **options)
        bar.update(step - bar.n)
        if step >= total:
            bars.pop(stage).close()

    return show
