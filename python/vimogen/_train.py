"""Training: the loop around the compiled step."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from ._files import read_text
from ._options import DEFAULT_SEED
from ._vimogen import ConfigError, Dit, InvalidArgumentError, SyntheticData, TrainState

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Batch = dict[str, Any]
Report = dict[str, Any]
StrPath = str | os.PathLike[str]

# Share of captions that the procedural data leaves out by default.
_NULL_TEXT = 0.1
_KEYS = {"model", "train", "mix", "generation", "weights", "base"}


@runtime_checkable
class BatchSource(Protocol):
    """Data that can make the batch of any step, so that a resumed run goes on where it stopped."""

    def batch(self, step: int) -> Batch:
        """The batch of a step."""


class Trainer:
    """Trains a model.

    Parameters
    ----------
    config : dict or path of a JSON file
        ``model``: sizes, as :meth:`Dit.from_file` takes them. ``train``: optimiser and loop (``num_steps``,
        ``batch_size``, ``lr``, ...; the release's recipe by default). Optional ``weights`` or ``base``: a checkpoint to
        start from, whole or a Wan2.1 base; ``mix``: of the procedural data; ``generation``: how the model is sampled,
        by default as fits its size and recipe.
    data : optional
        None: procedural motion. An object with ``batch(step)``, or an iterable of batches, which are dicts as
        :meth:`train_step` takes them.
    out : str or os.PathLike, optional
        Folder for checkpoints. None: there are none.
    device : str
        As in :meth:`Pipeline.from_pretrained`.
    all_reduce : callable or "mpi", optional
        Train together with other processes that do the same: a function that sums a flat float32 array over all of
        them, in its place or as its result, such as ``lambda a: dist.all_reduce(torch.from_numpy(a))``; ``"mpi"`` in a
        build with MPI. A step calls it several times.
    rank, world_size : int
        Number of this process, from 0, and of all processes; with MPI they are found automatically.

    Examples
    --------
    >>> import numpy as np, vimogen
    >>> sizes = dict(dim=16, ffn_dim=16, freq_dim=8, num_heads=2, num_layers=2, text_dim=8, text_len=4)
    >>> trainer = vimogen.Trainer({"model": sizes, "train": {"batch_size": 2}}, data=[])
    >>> batch = {"motion": np.ones((2, 10, 276)), "prompt_embeds": np.ones((2, 4, 8))}
    >>> sorted(trainer.train_step(batch))
    ['grad_norm', 'loss', 'loss_ref_motion', 'loss_text', 'lr', 'step']

    """

    def __init__(
        self,
        config: Mapping[str, Any] | StrPath,
        data: BatchSource | Iterable[Batch] | None = None,
        out: StrPath | None = None,
        *,
        device: str = "cpu",
        all_reduce: Callable[[Any], Any] | Literal["mpi"] | None = None,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self._config = _read(config)
        self._device = device
        self._group = (all_reduce, rank, world_size)
        self.out = None if out is None else Path(out)
        self.data = self._procedural() if data is None else data
        start = {key: self._config[key] for key in ("weights", "base") if self._config.get(key) is not None}
        self._state = self._joined(TrainState(self._config["model"], self._config["train"], device=device, **start))

    def _joined(self, state: TrainState) -> TrainState:
        all_reduce, rank, world_size = self._group
        if all_reduce is not None:
            state.join(all_reduce, rank, world_size)
        return state

    def _procedural(self) -> SyntheticData:
        model, train = self._config["model"], self._config["train"]
        data = SyntheticData(
            train.get("batch_size", 128),
            text_len=model.get("text_len", 226),
            seed=train.get("seed", DEFAULT_SEED),
            mix=self._config.get("mix"),
        )
        if data.text_dim != model.get("text_dim"):
            raise ConfigError(
                f"model.text_dim must be {data.text_dim} for the procedural data, not {model.get('text_dim')}"
            )
        return data

    @property
    def config(self) -> dict[str, Any]:
        """The settings of the optimiser and the loop, defaults included."""
        settings: dict[str, Any] = self._state.config()
        return settings

    @property
    def steps_done(self) -> int:
        """Number of steps done."""
        return self._state.steps_done()

    @property
    def model(self) -> Dit:
        """The weights in training."""
        return self._state.model()

    @property
    def ema(self) -> Dit:
        """The moving average of the weights, which generates better."""
        return self._state.ema()

    @property
    def rank(self) -> int:
        """Number of this process among those that train together, from 0."""
        return self._state.place()[0]

    @property
    def world_size(self) -> int:
        """Number of processes that train together."""
        return self._state.place()[1]

    def finish(self) -> None:
        """Announce the end of this process to the others; under MPI, a process that ends without it ends the others."""
        self._state.finish()

    def _share(self, batch: Batch) -> Batch:
        """Take this process's rows of a batch for all of them."""
        rank, size = self._state.place()
        return batch if size == 1 else {key: value[rank::size] for key, value in batch.items() if value is not None}

    def train_step(self, batch: Batch) -> Report:
        """Do one optimiser step.

        Of processes that train together each passes its own rows; the report is that of all.

        Parameters
        ----------
        batch : dict
            ``motion`` (B, T, 276), normalised, and ``prompt_embeds`` (B, L, text_dim); optional ``motion_mask`` (B, T),
            ``ref_motion`` (B, T, 138), zero in rows that attend to their text, ``ref_motion_mask`` (B, T),
            ``motion_dim_mask`` (B, 276), ``attend_to_text`` (B,), and the step's random numbers ``noise`` (B, T, 276)
            and ``timestep_index`` (B,), 0 to 999.

        Returns
        -------
        dict
            ``step``, ``loss``, ``loss_text``, ``loss_ref_motion`` (None if no row is of that kind), ``grad_norm`` and
            ``lr``.

        """
        return self._state.train_step(batch)

    def loss(self, batch: Batch) -> Report:
        """Compute the losses of a batch without an update."""
        return self._state.loss(batch)

    def gradients(self, batch: Batch) -> dict[str, Any]:
        """Compute the gradients of a batch by checkpoint name, without an update."""
        return self._state.gradients(batch)

    def fit(self, callback: Callable[[Report], object] | None = None) -> Report | None:
        """Train until ``num_steps`` are done or the data ends, writing checkpoints if there is a folder for them.

        Of processes that train together each has the same data and trains on its share of each batch's rows; process 0
        writes the checkpoints.

        Parameters
        ----------
        callback : callable, optional
            Called with the report of each step; returning False ends the training after a checkpoint.

        Returns
        -------
        dict or None
            The report of the last step; None if there was none to do.

        """
        if warning := self._state.ema_warning():
            warnings.warn(warning, stacklevel=2)
        settings = self.config
        total, every = settings["num_steps"], settings["checkpoint_every"]
        report = None
        with _batches(self.data, self.steps_done, total) as batches:
            for batch in batches:
                report = self.train_step(self._share(batch))
                if self.steps_done % every == 0:
                    self._checkpoint()
                if callback is not None and callback(report) is False:
                    break
        if report is not None and self.steps_done % every != 0:
            self._checkpoint()
        return report

    def _checkpoint(self) -> None:
        if self.out is not None:
            self._state.save_checkpoint(self.out)

    def resume(self) -> int:
        """Continue from the newest checkpoint in the folder, if there is one; gives the number of steps done."""
        if self.out is None:
            raise InvalidArgumentError("invalid out: there is no folder of checkpoints; make the Trainer with out=...")
        state = TrainState.resume(self._config["model"], self._config["train"], self.out, device=self._device)
        self._state = self._joined(state or self._state)
        return self.steps_done

    def save_lora(self, path: StrPath) -> None:
        """Write the averaged LoRA adapters, without the model's weights, as a small .safetensors file.

        ``Pipeline.from_pretrained(model, lora=path)`` adds them to the initial model of the training.
        """
        self._state.save_lora(path)

    def save(
        self,
        path: StrPath,
        *,
        mean: ArrayLike | None = None,
        std: ArrayLike | None = None,
        text_encoder: Any = None,
        dtype: str = "float32",
    ) -> None:
        """Write the averaged weights as a model.

        Parameters
        ----------
        path : str or os.PathLike
            A ``.safetensors`` file for the weights alone, or the folder of a model that
            :meth:`Pipeline.from_pretrained` loads.
        mean, std : array_like, (276,), optional
            Statistics of the features. None: ``data.mean`` and ``data.std``.
        text_encoder : dict or "built-in", optional
            Settings of the text encoder. None: the built-in one after training on procedural data, else none.
        dtype : str
            How weights are stored, ``"float32"``, ``"bfloat16"`` or ``"int8"`` (a quarter of the size, rounded).

        """
        if Path(path).suffix == ".safetensors":
            self.ema.save(path, dtype=dtype)
            return
        mean = getattr(self.data, "mean", None) if mean is None else mean
        std = getattr(self.data, "std", None) if std is None else std
        if mean is None or std is None:
            raise InvalidArgumentError("invalid mean, std: a model needs the statistics of its data; pass both")
        if text_encoder is None and isinstance(self.data, SyntheticData):
            text_encoder = "built-in"
        mix = self._config.get("mix") or {}
        sampling = self._state.sampling(mix.get("null_text", _NULL_TEXT))
        generation = {**sampling, **(self._config.get("generation") or {})}
        self.ema.save_pretrained(
            path, mean=mean, std=std, text_encoder=text_encoder, generation=generation, dtype=dtype
        )


def _read(config: Mapping[str, Any] | StrPath) -> dict[str, Any]:
    """The parts of a configuration."""
    if isinstance(config, Mapping):
        parts: Any = dict(config)
    else:
        try:
            parts = json.loads(read_text(config))
        except ValueError as error:
            raise ConfigError(f"{config} is not JSON: {error}") from error
    if not isinstance(parts, dict) or "model" not in parts:
        raise ConfigError("invalid configuration: it must be a dict with the part model, and usually train")
    unknown = sorted(set(parts) - _KEYS)
    if unknown:
        raise ConfigError(f"invalid configuration, {unknown}: unknown; the parts are {sorted(_KEYS)}")
    parts.setdefault("train", {})
    for part in ("model", "train"):
        if not isinstance(parts[part], dict):
            raise ConfigError(f"invalid configuration, {part}: it must be a dict")
    return parts


@contextmanager
def _batches(data: BatchSource | Iterable[Batch], first: int, total: int) -> Iterator[Iterator[Batch]]:
    """The batches of the steps to come; those of a source are made a step ahead, in a thread."""
    if not isinstance(data, BatchSource):
        yield (batch for _, batch in zip(range(first, total), data, strict=False))
        return
    with ThreadPoolExecutor(1) as pool:

        def ahead() -> Iterator[Batch]:
            coming = pool.submit(data.batch, first) if first < total else None
            for step in range(first + 1, total + 1):
                assert coming is not None
                batch = coming.result()
                coming = pool.submit(data.batch, step) if step < total else None
                yield batch

        yield ahead()
