"""Methods that the compiled classes get from Python: joints by name, tables, plots, viewers, all options of a call.

The other packages are imported when a method needs them.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._options import lists_options
from ._skeleton import JOINTS, index_of
from ._vimogen import Motion, Pipeline

if TYPE_CHECKING:
    from numpy.typing import NDArray

_cut = Motion.__getitem__
compiled_call: Callable[..., Motion | list[Motion]] = Pipeline.__call__
# Methods of Pipeline that take the options of a generation, and why some of them do not take its length.
_WITH_OPTIONS = {
    "constrained": "",
    "sequence": "the lengths are those of `seconds`",
    "edit": "the length is that of the motion",
    "variations": "the length is that of the motion",
}


def attach() -> None:
    """Add the methods to the classes."""
    from . import _rerun, _viser

    for method in (__getitem__, to_frame, plot, _rerun.to_rerun, _viser.to_viser):
        setattr(Motion, method.__name__, method)
    setattr(Pipeline, "__call__", __call__)  # noqa: B010  # mypy: a method
    for name, fixed_length in _WITH_OPTIONS.items():
        setattr(Pipeline, name, _listing(getattr(Pipeline, name), fixed_length))


def _listing(compiled: Callable[..., Any], fixed_length: str) -> Callable[..., Any]:
    """A compiled method whose signature and documentation list every option."""

    @functools.wraps(compiled)
    def method(self: Pipeline, /, *arguments: Any, **options: Any) -> Any:
        if fixed_length and "num_frames" in options:
            raise TypeError(f"{compiled.__name__} has no num_frames: {fixed_length}")
        return compiled(self, *arguments, **paired(options))

    method.__signature__ = inspect.signature(compiled)  # type: ignore[attr-defined]
    return lists_options("GenerateOptions", preset=True, but=("num_frames",) if fixed_length else ())(method)


def paired(options: dict[str, Any]) -> dict[str, Any]:
    """Options whose pair of numbers may be of any sequence."""
    pair = options.get("guidance_interval")
    return options if pair is None else options | {"guidance_interval": tuple(float(level) for level in pair)}


def listed(value: Any, *, rows: bool = False) -> Any:
    """A sequence of any kind as a list; one value as it is.

    Strings, bytes, paths and motions are one value. With `rows` an array is one value too, such as an encoded prompt.
    """
    if isinstance(value, np.ndarray):
        return value if rows or value.ndim != 1 else value.tolist()
    one = isinstance(value, str | bytes | os.PathLike | Motion)
    return list(value) if not one and isinstance(value, Sequence) else value


def __call__(  # noqa: N807  # it becomes the method of Pipeline
    self: Pipeline,
    prompt: Any = None,
    *,
    num_frames: Any = None,
    seed: Any = None,
    reference: Any = None,
    prompt_embeds: Any = None,
    callback: Callable[[str, int, int], object] | None = None,
    quality: str = "full",
    **options: Any,
) -> Motion | list[Motion]:
    """Generate one motion, or a list of them if any of prompt, prompt_embeds, reference, seed or num_frames is one.

    Parameters
    ----------
    prompt : str or sequence of str, optional
        A description such as ``"a person walks forward and waves"``.
    num_frames : int or sequence of int, optional
        Length in frames, 2 to 72000. None: that of the reference, or 100. Motions of more frames than the model was
        trained on are made in windows; see `windows`.
    seed : int or sequence of int, optional
        Seed of the noise. None: 42. The same seed and prompt give the same motion, alone or in a list.
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
    >>> pipe = vimogen.Pipeline.from_pretrained()
    >>> pipe("a person waves", seed=range(3), num_frames=40, num_inference_steps=2)[2]
    Motion(frames=40, fps=20, seconds=2.00)

    """
    return compiled_call(
        self,
        listed(prompt),
        num_frames=listed(num_frames),
        seed=listed(seed),
        reference=listed(reference),
        prompt_embeds=listed(prompt_embeds, rows=True),
        callback=callback,
        quality=quality,
        **paired(options),
    )


__call__ = lists_options("GenerateOptions")(__call__)


def __getitem__(self: Motion, index: slice | str, /) -> Any:  # noqa: N807  # it becomes the method of Motion
    """Give a part of the clip, ``motion[10:30]``, or the places of a joint, ``motion["right_wrist"]``.

    A slice is a Motion. A name of :data:`vimogen.JOINTS` gives a read-only view (T, 3), metres, z up.

    Examples
    --------
    >>> import vimogen
    >>> motion = vimogen.generate("a person waves", num_frames=40, num_inference_steps=2)
    >>> motion["right_wrist"].shape
    (40, 3)

    """
    if isinstance(index, str):
        return self.joints[:, index_of(index)]
    return _cut(self, index)


def to_frame(self: Motion) -> Any:
    """Give the joints as a table of pandas: one row per frame, columns by joint and axis; needs pandas.

    ``frame["right_wrist"]["z"]`` is the height of a wrist. Values are metres, z up; the index ``time`` is seconds.

    Returns
    -------
    pandas.DataFrame
        (T, 66).

    """
    pandas = needed("pandas", "Motion.to_frame")
    columns = pandas.MultiIndex.from_product([JOINTS, ["x", "y", "z"]], names=["joint", "axis"])
    index = pandas.Index(times(self), name="time")
    return pandas.DataFrame(np.array(self.joints).reshape(len(self), -1), index=index, columns=columns)


def plot(self: Motion, joints: str | Iterable[str] = "pelvis", *, axes: str = "xyz", ax: Any = None) -> Any:
    """Draw places of joints over time, in metres and seconds; needs matplotlib.

    Parameters
    ----------
    joints : str or iterable of str
        Names of :data:`vimogen.JOINTS`.
    axes : str
        The axes to draw, some of ``"xyz"``; z is the height.
    ax : matplotlib.axes.Axes, optional
        Where to draw. None: the current axes of ``pyplot``.

    Returns
    -------
    matplotlib.axes.Axes

    """
    if not axes or not set(axes) <= set("xyz"):
        raise ValueError(f'axes must be some of "xyz", not {axes!r}')
    names = [joints] if isinstance(joints, str) else list(joints)
    places = {name: self.joints[:, index_of(name)] for name in names}
    if ax is None:
        ax = needed("matplotlib.pyplot", "Motion.plot", "matplotlib").gca()
    for name, place in places.items():
        for axis in axes:
            ax.plot(times(self), place[:, "xyz".index(axis)], label=f"{name} {axis}")
    ax.set(xlabel="time, s", ylabel="place, m")
    ax.legend()
    return ax


def times(motion: Motion) -> NDArray[np.float64]:
    """Time of each frame, seconds."""
    return np.arange(len(motion)) / motion.fps


def needed(module: str, who: str, package: str | None = None) -> Any:
    """Import a module of another package, or say how to get it."""
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = package or module
        raise ImportError(f"{who} needs {package}: pip install {package}") from error
