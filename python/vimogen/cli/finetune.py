"""``vimogen finetune``: adapters of a model, trained on a few captioned clips."""

from __future__ import annotations

import json
from pathlib import Path

import click

from .. import finetune as adapt
from .options import COUNT, FILE, SHARE, device_option, json_option, seed_option
from .train import run_watched


@click.command(short_help="Adapt a model to a few captioned clips.")
@click.argument("folder", type=FILE)
@click.option("-o", "--out", required=True, type=FILE, help="Folder for the adapters.")
@click.option("-m", "--model", type=FILE, help="Folder of the model to adapt.  [default: the built-in one]")
@click.option("--steps", default=400, show_default=True, type=COUNT, help="Steps of the training.")
@click.option("--lr", default=1e-3, show_default=True, type=float, help="Learning rate.")
@click.option("--rank", default=16, show_default=True, type=COUNT, help="Columns of the adapters.")
@click.option("--batch-size", default=8, show_default=True, type=COUNT, help="Clips per step.")
@click.option(
    "--share",
    type=SHARE,
    help="Share of samples that are your clips; the others are procedural.  [default: 0.7, or 1 with --model]",
)
@click.option("--mirror/--no-mirror", default=True, show_default=True, help="Show clips in a mirror, too.")
@click.option("--fresh", is_flag=True, help="Start again, also if the folder holds a run.")
@click.option("-q", "--quiet", is_flag=True, help="No log lines.")
@seed_option
@device_option
@json_option
def finetune(
    folder: Path,
    out: Path,
    model: Path | None,
    steps: int,
    lr: float,
    rank: int,
    batch_size: int,
    share: float | None,
    mirror: bool,
    fresh: bool,
    quiet: bool,
    seed: int,
    device: str,
    as_json: bool,
) -> None:
    """Adapt a model to the captioned clips of FOLDER: motions of any format that vimogen reads.

    Captions are a .txt of the same name next to each motion, with one wording a line, or captions.csv with the columns
    clip and caption. Start the command again to continue a run that was stopped.

    \b
    vimogen finetune myclips -o mystyle
    vimogen generate "a person walks like a robot" --lora mystyle
    """
    result = run_watched(
        adapt,
        folder,
        out,
        quiet=quiet,
        model=model,
        steps=steps,
        lr=lr,
        rank=rank,
        batch_size=batch_size,
        share=share,
        mirror=mirror,
        seed=seed,
        device=device,
        fresh=fresh,
    )
    stopped = result["stopped"]
    done = {"steps_done": result["steps_done"], "stopped": stopped, "adapter": None if stopped else str(out)}
    text = f"{result['steps_done']} steps done; "
    text += "start the command again to continue" if stopped else f'vimogen generate "..." --lora {out}'
    click.echo(json.dumps(done, indent=2) if as_json else text)
    if stopped:
        click.get_current_context().exit(130)
