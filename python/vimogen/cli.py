"""The command line: ``vimogen generate``, ``convert``, ``render``, ``train``, ``evaluate`` and more.

Exit codes: 0 done, 1 an error (its message is on standard error), 2 wrong usage, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import json
import platform
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from . import Motion, Pipeline, Trainer, VimogenError, __version__
from ._benchmark import evaluate_command, gate_command, generate_mbench, organize_command, root_option
from ._cli_text import commands as text_commands
from ._cli_text import load_encoder, text_encoder_options
from ._convert import convert_command
from ._data_cli import launched, prepare_command, train_experiment
from ._options import device_option, json_option, quiet_option
from ._progress import progress
from ._render import render_command, view_command
from ._sets import sets_command
from ._smplify import smplify_command

MOTION_FILES = (".npz", ".npy", ".pt", ".pth", ".bvh")
FORMATS = ("npz", "bvh", "glb", "html", "mp4", "gif", "png", "svg", "npy", "joints.npy", "pt", "csv")

dtype_option = click.option(
    "--dtype",
    default="float32",
    show_default=True,
    type=click.Choice(["float32", "bfloat16", "int8"]),
    help="How weights are kept: the later, the less memory; on CPUs with bfloat16, also more speed.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="vimogen")
def cli() -> None:
    """Text to 3D human motion.

    \b
    vimogen generate "a person walks forward and waves"
    vimogen convert out/000-a-person-walks-forward-and-waves.npz walk.bvh
    vimogen evaluate out

    Each command explains itself: vimogen generate --help.
    """


@cli.command(short_help="Make motions from sentences or a reference.")
@click.argument("prompts", nargs=-1, metavar="PROMPT...")
@click.option(
    "-f",
    "--file",
    "prompt_file",
    type=click.File(encoding="utf-8"),
    help="A file with a prompt a line; - reads standard input.",
)
@click.option(
    "-o",
    "--out",
    "--output",
    default="out",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder for the motions, or a file for a single one.",
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(FORMATS),
    help="Files to write for each motion; may be repeated.  [default: npz, bvh, html]",
)
@click.option("-m", "--model", type=click.Path(path_type=Path), help="Folder of a model.  [default: the built-in one]")
@text_encoder_options
@click.option("-n", "--frames", type=int, help="Length, 2 to 1000, 20 a second.  [default: 100, or the reference's]")
@click.option(
    "--quality",
    default="full",
    show_default=True,
    type=click.Choice(["full", "fast"]),
    help="full: 50 steps of euler, as the release; fast: 40 of ab2, which are as exact.",
)
@click.option("--steps", type=int, help="Denoising steps.  [default: as --quality says]")
@click.option(
    "--guidance", type=float, help="Weight of the prompt; 1 is none and twice as fast.  [default: the model's own]"
)
@click.option(
    "--strength", type=float, help="Noise level to start at, above 0 and at most 1.  [default: the model's own]"
)
@click.option(
    "--solver",
    type=click.Choice(["euler", "heun", "ab2", "dpmpp"]),
    help="How a step is taken.  [default: as --quality says]",
)
@click.option(
    "--guidance-interval",
    type=(float, float),
    metavar="LOW HIGH",
    help="Noise levels, 0 to 1, between which there is guidance.  [default: all]",
)
@click.option("--seed", type=int, default=42, show_default=True, help="The same seed gives the same motion.")
@click.option(
    "--reference", type=click.Path(path_type=Path), help="A motion to follow (.npz, .npy, .pt) instead of a prompt."
)
@click.option("--text-only", is_flag=True, help="Leave out the reference path of the model, a third of it.")
@click.option(
    "--mbench", type=click.Path(path_type=Path), help="MBench_final.json: a folder for each of its prompts, resumable."
)
@click.option("--durations", is_flag=True, help="With --mbench: as long as each prompt asks for, not 100 frames.")
@click.option(
    "--text-key",
    default="prompt",
    show_default=True,
    type=click.Choice(["prompt", "motion_text_annot", "video_text_annot"]),
    help="With --mbench: which wording the model is given.",
)
@root_option
@click.option("--lora", type=click.Path(path_type=Path), help="A file of LoRA adapters to add to the model.")
@click.option("--skip-existing", is_flag=True, help="Leave motions alone whose files are there already.")
@quiet_option
@device_option
@dtype_option
@json_option
def generate(
    prompts: tuple[str, ...],
    prompt_file: Any,
    out: Path,
    formats: tuple[str, ...],
    model: Path | None,
    text_encoder: Path | None,
    text_dtype: str,
    text_cache: Path | None,
    frames: int | None,
    quality: str,
    steps: int | None,
    guidance: float | None,
    guidance_interval: tuple[float, float] | None,
    strength: float | None,
    solver: str | None,
    seed: int,
    reference: Path | None,
    text_only: bool,
    mbench: Path | None,
    durations: bool,
    text_key: str,
    root: Path,
    lora: Path | None,
    skip_existing: bool,
    quiet: bool,
    device: str,
    dtype: str,
    as_json: bool,
) -> None:
    """Make motions from sentences, or one that follows a reference.

    \b
    vimogen generate "a person jumps" "a person sits down" --seed 7
    vimogen generate "a person jumps" -o jump.bvh
    vimogen generate --reference walk.npz -o like-walk.html
    vimogen generate --mbench MBench_final.json -o mbench
    """
    options: Any = {
        "num_frames": frames,
        "num_inference_steps": steps,
        "guidance_scale": guidance,
        "guidance_interval": guidance_interval,
        "strength": strength,
        "solver": solver,
        "quality": quality,
    }

    def load() -> Pipeline:
        encoder = load_encoder(text_encoder, text_dtype, text_cache, device)
        kept: Any = {"device": device, "dtype": dtype, "text_only": text_only, "lora": lora}
        return Pipeline.from_pretrained(model, **kept, text_encoder=encoder)

    if mbench is not None:
        if prompts or prompt_file or reference:
            raise click.UsageError("--mbench brings its own prompts and references")
        pipe = load()
        options |= {"seed": seed, "prompt_durations": durations, "text_key": text_key, "root": root}
        generate_mbench(pipe, mbench, out, hidden=quiet, as_json=as_json, **options)
        return
    wanted = [*prompts, *(line.strip() for line in prompt_file or () if line.strip())]
    if not wanted and reference is None:
        raise click.UsageError('there is no prompt; for example: vimogen generate "a person walks forward"')
    if wanted and reference is not None:
        raise click.UsageError("a reference is followed instead of a prompt; give one of them")
    names = wanted or [f"like {reference.stem}" if reference else ""]
    targets = [_targets(out, formats, i, name, len(names)) for i, name in enumerate(names)]
    left = [i for i, files in enumerate(targets) if not (skip_existing and all(f.exists() for f in files))]
    results = []
    if left:
        start = time.perf_counter()
        pipe = load()
        asked: Any = {"reference": reference} if reference else {"prompt": [wanted[i] for i in left]}
        with progress("generating", hidden=quiet or as_json, stage="sample") as callback:
            made: Any = pipe(**asked, **options, seed=seed, callback=callback)
        motions: list[Motion] = made if isinstance(made, list) else [made]
        seconds = time.perf_counter() - start
        results = [_write(motion, names[i], targets[i], seed) for i, motion in zip(left, motions, strict=True)]
        if not as_json:
            click.echo(f"{len(motions)} motion(s) in {seconds:.1f} s", err=True)
    if as_json:
        click.echo(json.dumps(results, indent=2))
    else:
        for file in (file for files in targets for file in files):
            click.echo(file)


def _targets(out: Path, formats: tuple[str, ...], number: int, name: str, count: int) -> list[Path]:
    """The files of a motion."""
    if out.suffix and not out.is_dir():
        if count > 1 or formats:
            raise click.UsageError(f"{out} is one file; give a folder for several motions or formats")
        return [out]
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60].strip("-") or "motion"
    return [out / f"{number:03d}-{slug}.{ending}" for ending in formats or ("npz", "bvh", "html")]


def _write(motion: Motion, title: str, files: list[Path], seed: int) -> dict[str, Any]:
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        motion.save(file, title=title)
    summary = {"prompt": title, "seed": seed, "frames": len(motion), "fps": motion.fps}
    return summary | {"files": [str(file) for file in files], "quality": _quality(motion)}


def _quality(motion: Motion) -> dict[str, float | None]:
    """The metrics of a motion that is long enough for them; JSON knows no NaN."""
    if len(motion) < 2:
        return {}
    return {name: value if value == value else None for name, value in motion.quality().items()}


cli.add_command(convert_command)
cli.add_command(render_command)
cli.add_command(view_command)
cli.add_command(smplify_command)


@cli.command(short_help="Train a model, or go on with it.")
@click.argument("recipe", required=False, type=click.Path(path_type=Path))
@click.option("-c", "--config", type=click.Path(path_type=Path), help="An experiment file (YAML) instead of a recipe.")
@click.option(
    "--set", "overrides", multiple=True, metavar="SECTION.KEY=VALUE", help="Override a key of the experiment."
)
@click.option("--resume", default="auto", show_default=True, help="auto, never, or a folder of checkpoints.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for checkpoints.  [default: out/train, or the experiment's]",
)
@click.option("--steps", type=int, help="Steps in all, instead of the configuration's.")
@click.option(
    "--max-bad-fraction", type=float, help="Share of clips that may be unreadable, instead of the experiment's."
)
@click.option("--fresh", is_flag=True, help="Start anew even if there is a checkpoint (recipes).")
@click.option("--save", "model", type=click.Path(path_type=Path), help="Folder for the model, when the steps are done.")
@click.option(
    "--dtype",
    default="float32",
    show_default=True,
    type=click.Choice(["float32", "bfloat16"]),
    help="How --save stores the weights.",
)
@click.option("-q", "--quiet", is_flag=True, help="No log lines.")
@device_option
@json_option
def train(
    recipe: Path | None,
    config: Path | None,
    overrides: tuple[str, ...],
    resume: str,
    out: Path | None,
    steps: int | None,
    max_bad_fraction: float | None,
    fresh: bool,
    model: Path | None,
    dtype: str,
    quiet: bool,
    device: str,
    as_json: bool,
) -> None:
    """Train a model; run it again to continue from the newest checkpoint.

    \b
    vimogen train --config tm2m_train.yaml --set solver.lr=1e-4  on files, with the release's experiment file
    vimogen train --config nano.yaml --save nano                 on procedural motion, as the built-in model
    vimogen train recipe.json                                    the settings of a Trainer, on procedural motion

    An experiment file has the sections experiment, model_path, model, solver, precision, parallel, dataloader, dataset
    and ref_motion_corruption. RECIPE is a JSON file with the parts model (sizes) and train (num_steps, batch_size, lr,
    ...), which Trainer takes in Python.
    """
    if (recipe is None) == (config is None):
        raise click.UsageError("give either a recipe or --config; for example: vimogen train --config tm2m_train.yaml")
    if config is not None:
        given = [*overrides]
        given += [] if out is None else [f"experiment.output_dir={json.dumps(str(out))}"]
        given += [] if steps is None else [f"solver.num_steps={steps}"]
        given += [] if max_bad_fraction is None else [f"dataset.max_bad_fraction={max_bad_fraction}"]
        resume = "never" if fresh else resume
        train_experiment(
            config, given, resume=resume, device=device, save=model, dtype=dtype, quiet=quiet, as_json=as_json
        )
        return
    assert recipe is not None
    if overrides or max_bad_fraction is not None:
        raise click.UsageError("--set and --max-bad-fraction belong to --config; a recipe is edited")
    config, out = recipe, out or Path("out/train")
    try:
        parts = json.loads(config.read_text(encoding="utf-8"))
    except ValueError as error:
        raise click.UsageError(f"{config} is not JSON: {error}") from error
    if steps is not None and isinstance(parts, dict):
        parts["train"] = {**parts.get("train", {}), "num_steps": steps}
    trainer = Trainer(parts, out=out, device=device, all_reduce=launched())
    first_process = trainer.rank == 0
    first = 0 if fresh else trainer.resume()
    start = time.perf_counter()

    def tell(report: dict[str, Any]) -> None:
        done = report["step"] + 1
        if first_process and not (quiet or as_json) and done % trainer.config["log_every"] == 0:
            rate = (done - first) / (time.perf_counter() - start)
            loss, norm, lr = report["loss"], report["grad_norm"], report["lr"]
            click.echo(f"step {done:6}  loss {loss:.4f}  norm {norm:.2f}  lr {lr:.2e}  {rate:.2f} steps/s", err=True)

    report = trainer.fit(tell)
    if model is not None and first_process:
        trainer.save(model, dtype=dtype)
    trainer.finish()
    if not first_process:
        return
    result = {"steps_done": trainer.steps_done, "checkpoints": str(out), "model": model and str(model), "last": report}
    click.echo(json.dumps(result, indent=2) if as_json else f"{trainer.steps_done} steps done, checkpoints in {out}")


cli.add_command(organize_command)
cli.add_command(evaluate_command)
cli.add_command(gate_command)
cli.add_command(sets_command)


@cli.command(short_help="Describe this installation, a model or a motion.")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@json_option
def info(path: Path | None, as_json: bool) -> None:
    """Describe this installation, a model folder or a motion file."""
    if path is None:
        facts: dict[str, Any] = {
            "vimogen": __version__,
            "python": platform.python_version(),
            "platform": platform.platform(),
            "built-in model": _model(Pipeline.from_pretrained()),
        }
    elif path.suffix.lower() in MOTION_FILES:
        motion = Motion.load(path)
        facts = {"file": str(path), "frames": len(motion), "fps": motion.fps, "seconds": motion.duration}
        facts["residual"] = motion.residual()
        facts["quality"] = _quality(motion)
    else:
        facts = {"folder": str(path), **_model(Pipeline.from_pretrained(path))}
    click.echo(json.dumps(facts, indent=2) if as_json else "\n".join(_lines(facts)))


def _model(pipe: Pipeline) -> dict[str, Any]:
    config = dict(pipe.config)
    encoder = config.pop("text_encoder")
    return {**config, "text_encoder": encoder and encoder.get("kind"), "parameters": pipe.dit.num_parameters}


def _lines(facts: dict[str, Any], indent: str = "") -> Iterator[str]:
    for name, value in facts.items():
        if isinstance(value, dict):
            yield f"{indent}{name}"
            yield from _lines(value, indent + "  ")
        else:
            shown = f"{value:.5g}" if isinstance(value, float) else value
            yield f"{indent}{name:<20} {shown}"


cli.add_command(prepare_command)
for command in text_commands:
    cli.add_command(command)


def main() -> None:
    """Run the command line and exit."""
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        sys.exit(130)
    except (VimogenError, OSError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
