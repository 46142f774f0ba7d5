"""``vimogen generate``: motions from sentences or a reference, or of every prompt of MBench."""

from __future__ import annotations

import json
import re
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from .. import Motion, Pipeline, PromptWarning, VimogenError, _runs, best, mbench
from .._options import DEFAULT_SEED
from .encode_text import load_encoder, text_encoder_options
from .formats import WRITES, is_motion, save
from .onto import Onto, onto_options
from .options import (
    FILE,
    choice,
    device_option,
    dtype_option,
    generation_options,
    json_option,
    quiet_option,
    root_option,
)
from .progress import progress
from .prompt_files import read_prompts
from .reading import Reading, print_doubts, reading_options

DEFAULT_FORMATS = ("npz", "bvh", "html")
# Motions that are generated, and written, together.
_BATCH = 16
# Words that are the beginning of a sentence and never a prompt.
_SUBJECTS = {"a", "an", "the", "person", "someone", "somebody", "man", "woman", "he", "she", "they"}
# Notes of a list of prompts that are printed.
_NOTES = 20


@click.command(short_help="Make motions from sentences or a reference.")
@click.argument("prompts", nargs=-1, metavar="PROMPT...")
@click.option(
    "-f",
    "--file",
    "prompt_file",
    type=click.Path(path_type=Path, allow_dash=True),
    help="File with one prompt per line, # begins a comment; - reads standard input.",
)
@click.option(
    "-o",
    "--out",
    "--output",
    default="out",
    show_default=True,
    type=FILE,
    help="Folder for the motions, or the file of a single one.",
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(WRITES),
    help=f"File format of each motion; may be repeated.  [default: {', '.join(DEFAULT_FORMATS)}]",
)
@click.option("-m", "--model", type=FILE, help="Folder of a model.  [default: the built-in one]")
@text_encoder_options
@generation_options
@click.option("--raw", is_flag=True, help="As --finish raw: the motion as it was sampled.")
@click.option("--seconds", type=click.FloatRange(0.1, 3600), help="Length in seconds, instead of --frames.")
@click.option("--variants", type=click.IntRange(1, 1000), help="Motions of each prompt, of the seeds from --seed on.")
@click.option("--seeds", metavar="A-B", help="Seeds of the motions of each prompt, such as 1-5 or 1,4,7.")
@click.option("--best", "choose_best", is_flag=True, help="Of the variants write only the most physical one.")
@click.option("--reference", type=FILE, help="Motion file of any program to follow instead of a prompt.")
@reading_options
@click.option("--constraints", type=FILE, help="JSON file of poses, places, way points, a path or a loop to be met.")
@click.option("--strict", is_flag=True, help="Make nothing if a prompt asks for what the model does not know.")
@onto_options
@click.option("--text-only", is_flag=True, help="Leave out the reference path, a third of the model.")
@click.option("--lora", type=FILE, help="File of LoRA adapters to add to the model.")
@click.option("--mbench", "prompts_of_mbench", type=FILE, help="MBench_final.json: one folder per prompt, resumable.")
@click.option("--durations", is_flag=True, help="With --mbench: the length that each prompt asks for, not 100 frames.")
@click.option(
    "--text-key",
    default="prompt",
    show_default=True,
    type=choice("TextKey"),
    help="With --mbench: wording of the prompts.",
)
@root_option
@click.option("--skip-existing", is_flag=True, help="Skip motions whose files exist already.")
@click.option("--overwrite", is_flag=True, help="Replace files of other motions.")
@quiet_option
@device_option
@dtype_option("Type of the weights: the later, the less memory and, on CPUs with bfloat16 instructions, the faster.")
@json_option
def generate(
    prompts: tuple[str, ...],
    prompt_file: Path | None,
    out: Path,
    formats: tuple[str, ...],
    model: Path | None,
    text_encoder: Path | None,
    text_dtype: str,
    text_cache: Path | None,
    raw: bool,
    seconds: float | None,
    variants: int | None,
    seeds: str | None,
    choose_best: bool,
    reference: Path | None,
    read: Reading,
    constraints: Path | None,
    strict: bool,
    onto: Onto,
    text_only: bool,
    lora: Path | None,
    prompts_of_mbench: Path | None,
    durations: bool,
    text_key: str,
    root: Path,
    skip_existing: bool,
    overwrite: bool,
    quiet: bool,
    device: str,
    dtype: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Make motions from sentences, or one that follows a reference.

    \b
    vimogen generate "a person jumps" "a person sits down" --seed 7
    vimogen generate "a person jumps" -o jump.bvh
    vimogen generate "a person jumps" --variants 5 --best -o jump.bvh
    vimogen generate --reference walk.npz -o like-walk.html
    vimogen generate "a person jumps" "a person waves" --onto hero.glb -o hero-animated.glb
    vimogen generate --mbench MBench_final.json -o mbench

    --from-fps, --from-unit, --up, --person, --names and --fit say how the file of --reference is read.
    """
    if raw:
        if options["finish"] not in (None, "raw"):
            raise click.UsageError(f"--raw and --finish {options['finish']} exclude each other")
        options["finish"] = "raw"

    def load() -> Pipeline:
        encoder = load_encoder(text_encoder, text_dtype, text_cache, device)
        kept: Any = {"device": device, "dtype": dtype, "text_only": text_only, "lora": lora}
        return Pipeline.from_pretrained(model, **kept, text_encoder=encoder)

    if onto:
        onto.check_target(out)
        if formats or skip_existing or prompts_of_mbench is not None:
            raise click.UsageError(
                "--onto writes the character's own file and excludes --format, --skip-existing, --mbench"
            )
    if prompts_of_mbench is not None:
        if variants or seeds or seconds or choose_best:
            raise click.UsageError("--mbench has no --variants, --seeds, --seconds and --best")
        if prompts or prompt_file or reference:
            raise click.UsageError("--mbench brings its own prompts and references")
        options |= {"prompt_durations": durations, "text_key": text_key, "root": root}
        _generate_mbench(load(), prompts_of_mbench, out, hidden=quiet, as_json=as_json, **options)
        return
    wanted = [*prompts, *(read_prompts(prompt_file) if prompt_file else ())]
    _check_quotes(prompts)
    if not wanted and reference is None:
        raise click.UsageError('there is no prompt; for example: vimogen generate "a person walks forward"')
    if wanted and reference is not None:
        raise click.UsageError("a reference is followed instead of a prompt; give one of them")
    if read.is_given and reference is None:
        raise click.UsageError("--from-fps, --from-unit, --up, --person, --names and --fit go with --reference")
    if constraints is not None and len(wanted) != 1:
        raise click.UsageError("--constraints go with one prompt")
    several = seeds_of(options["seed"], variants, seeds)
    if len(several) > 1 and constraints is not None:
        raise click.UsageError("--constraints go with one seed")
    if choose_best and len(several) < 2:
        raise click.UsageError("--best chooses among several motions; add --variants 5")
    options["seed"] = several[0]
    names = wanted or [f"like {reference.stem}" if reference else ""]
    # A motion of its own for each prompt and seed, or for the best of a prompt's seeds.
    chosen = [several] if choose_best else [[seed] for seed in several]
    runs = [(number, group) for number in range(len(names)) for group in chosen]
    # No seed overwrites the motion of another.
    marks = [f".s{group[0]}" if len(chosen) > 1 or group[0] != DEFAULT_SEED else "" for _, group in runs]
    # The motions of a character go into one file, at the end.
    targets: list[list[Path]] = [
        [] if onto else _targets(out, formats, number, names[number], len(runs), mark)
        for (number, _), mark in zip(runs, marks, strict=True)
    ]
    left = [i for i, files in enumerate(targets) if not (skip_existing and all(f.exists() for f in files))]
    if not overwrite and not skip_existing:
        for (number, group), wished in zip(runs, targets, strict=True):
            _refuse_to_replace(wished, names[number] if wanted else None, group)
    if len(runs) > 1 and not onto:
        files = {"text encoder": text_encoder, "lora": lora}
        run = _runs.record(
            wanted,
            model,
            files,
            {**options, "seed": several if len(several) > 1 else several[0], "dtype": dtype, "text_only": text_only},
        )
        if skip_existing:
            _runs.check(out, run)
        _runs.write(out, run)
    results: list[dict[str, Any]] = []
    clips: list[tuple[str, Motion]] = []
    if left:
        # Before the model is read: a file that is refused is refused at once.
        print_doubts()
        followed = None if reference is None else read(reference)
        start = time.perf_counter()
        pipe = load()
        if seconds is not None:
            options["num_frames"] = round(seconds * pipe.fps)
        _warn(pipe, options["num_frames"], windows=options["windows"] and not reference and constraints is None)
        notes = _notes(pipe, wanted, strict)
        with progress("generating", hidden=quiet or as_json, stage="sample") as show:
            if constraints is not None:
                made, met = pipe.constrained(wanted[0], constraints, **options, callback=show)
                _report(met)
                clips.append((names[0], made))
                results.append(_write(made, names[0], targets[0], options["seed"]) | notes[0])
                left = []
            size = max(1, _BATCH // len(chosen[0]))
            del options["seed"]
            for first in range(0, len(left), size):
                batch = left[first : first + size]
                tries = [(i, seed) for i in batch for seed in runs[i][1]]
                sources: Any = [wanted[runs[i][0]] for i, _ in tries] if followed is None else [followed] * len(tries)
                kind = "prompt" if followed is None else "reference"
                request: Any = {kind: sources, "seed": [seed for _, seed in tries]}
                motions: list[Motion] = pipe(**request, **options, callback=_part(show, first, len(batch), len(left)))
                # Written batch by batch: a run that is stopped keeps what is done.
                for i in batch:
                    tried = {seed: motions[k] for k, (of, seed) in enumerate(tries) if of == i}
                    motion = best(list(tried.values())) if choose_best else next(iter(tried.values()))
                    seed = next(seed for seed, candidate in tried.items() if candidate is motion)
                    clips.append((f"{names[runs[i][0]]}{f' (seed {seed})' if len(chosen) > 1 else ''}", motion))
                    results.append(_write(motion, names[runs[i][0]], targets[i], seed) | notes[runs[i][0]])
        took = time.perf_counter() - start
        if not as_json:
            click.echo(f"{len(results)} motion(s) in {took:.1f} s", err=True)
    if onto:
        for result, report in zip(results, onto.perform(clips, out, as_json=as_json), strict=True):
            result |= {"files": [str(out)], "character": report}
    if as_json:
        click.echo(json.dumps(results, indent=2))
    else:
        for file in (file for files in targets for file in files):
            click.echo(file)


def _check_quotes(prompts: tuple[str, ...]) -> None:
    """Refuse a sentence without quotes, which the shell passes as one prompt per word."""
    words = [prompt for prompt in prompts if " " not in prompt]
    if len(prompts) > 1 and len(words) == len(prompts) and _SUBJECTS & {word.lower() for word in words}:
        raise click.UsageError(f'a sentence needs quotes: vimogen generate "{" ".join(prompts)}"')


def _warn(pipe: Pipeline, frames: int | None, *, windows: bool) -> None:
    """Say when a motion has a length that the model was not trained on."""
    trained = pipe.config["generation"].get("frames")
    if trained and frames is not None and (frames < trained[0] or (frames > trained[1] and not windows)):
        lengths = f"{trained[0]} to {trained[1]}"
        click.echo(f"the model was trained on clips of {lengths} frames; {frames} at once may look wrong", err=True)


def _notes(pipe: Pipeline, prompts: list[str], strict: bool) -> list[dict[str, Any]]:
    """Print the notes on prompts, and give them for the results; a reference has none."""
    warnings.simplefilter("ignore", PromptWarning)
    notes = [pipe.notes(prompt) for prompt in prompts]
    lines = [f"{prompt}: {note['message']}" for prompt, of in zip(prompts, notes, strict=True) for note in of]
    for line in lines[:_NOTES]:
        click.echo(f"note: {line}", err=True)
    if len(lines) > _NOTES:
        click.echo(f"note: and {len(lines) - _NOTES} more; --json has them all", err=True)
    if lines and strict:
        raise click.UsageError("with --strict such prompts are refused; `vimogen prompts` lists what the model knows")
    return [{"notes": of} for of in notes] or [{}]


def _report(met: list[dict[str, float]]) -> None:
    """Name the constraints that were only approached."""
    for i, constraint in enumerate(met):
        if constraint["landed"] > 0.01:
            click.echo(f"constraint {i} is missed by {100 * constraint['landed']:.1f} cm", err=True)


def _part(
    show: Callable[[str, int, int], None] | None, first: int, count: int, total: int
) -> Callable[[str, int, int], None] | None:
    """Give a callback of `count` motions from `first` on, whose steps are a part of those of all motions."""
    if show is None or count == total:
        return show

    def part(stage: str, step: int, steps: int) -> None:
        show(stage, 1000 * first // total + step * 1000 * count // (steps * total), 1000)

    return part


def seeds_of(first: int, variants: int | None, seeds: str | None) -> list[int]:
    """Seeds of a prompt: the given ones, or as many as there are variants, from the first on."""
    if seeds is None:
        return list(range(first, first + (variants or 1)))
    if variants is not None:
        raise click.UsageError("give --variants or --seeds, not both")
    listed: list[int] = []
    for part in seeds.split(","):
        span = re.fullmatch(r"\s*(\d{1,19})(?:\s*-\s*(\d{1,19}))?\s*", part)
        low, high = (int(span[1]), int(span[2] or span[1])) if span else (1, 0)
        if not low <= high < low + 1000 or len(listed) > 1000:
            raise click.BadParameter(f"{part!r} is neither a seed nor a range of at most 1000", param_hint="--seeds")
        listed += range(low, high + 1)
    return list(dict.fromkeys(listed))


def _targets(out: Path, formats: tuple[str, ...], number: int, name: str, count: int, mark: str = "") -> list[Path]:
    """Files of a motion."""
    if out.suffix and not out.is_dir():
        if count > 1 or formats:
            raise click.UsageError(f"{out} is one file; give a folder for several motions or formats")
        return [out]
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60].strip("-") or "motion"
    return [out / f"{number:03d}-{slug}{mark}.{ending}" for ending in formats or DEFAULT_FORMATS]


def _refuse_to_replace(files: list[Path], prompt: str | None, seeds: list[int]) -> None:
    """Refuse a file that exists, unless it or one next to it says that it is this motion."""
    there = [file for file in files if file.exists()]
    if not there or any(_is_of(file, prompt, seeds) for file in there):
        return
    raise click.UsageError(f"{there[0]} exists; --overwrite replaces it, --skip-existing keeps it")


def _is_of(file: Path, prompt: str | None, seeds: list[int]) -> bool:
    """Whether a file holds the motion of a prompt by one of some seeds."""
    if not is_motion(file):
        return False
    try:
        meta = Motion.load(file).meta
    except (VimogenError, OSError):
        return False
    return meta is not None and meta.get("prompt") == prompt and meta["seed"] in seeds


def _write(motion: Motion, title: str, files: list[Path], seed: int) -> dict[str, Any]:
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        save(motion, file, title=title)
    summary = {"prompt": title, "seed": seed, "frames": len(motion), "fps": motion.fps}
    return summary | {"files": [str(file) for file in files], "quality": quality(motion)}


def quality(motion: Motion) -> dict[str, float | None]:
    """Metrics of a motion that is long enough for them; NaN becomes None, since JSON has no NaN."""
    if len(motion) < 2:
        return {}
    return {name: value if value == value else None for name, value in motion.quality().items()}


def _generate_mbench(pipe: Pipeline, prompts: Path, out: Path, *, hidden: bool, as_json: bool, **options: Any) -> None:
    with progress("generating", hidden=hidden or as_json) as callback:
        made = mbench.generate(pipe, prompts, out, callback=callback, **options)
    if as_json:
        click.echo(json.dumps(made, indent=2))
        return
    text, follows, kept = made["from_text"], made["from_reference"], made["kept"]
    click.echo(f"{text} motions from text, {follows} from references, {kept} existed already: {out}")
    if made["without_reference"]:
        click.echo(f"{len(made['without_reference'])} references are missing: their motions are from text", err=True)
