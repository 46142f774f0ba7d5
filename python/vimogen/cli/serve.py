"""``vimogen serve`` and ``vimogen studio``: motions for programs and for people, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from .. import Pipeline
from .options import FILE, device_option, dtype_option

_F = TypeVar("_F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; others need a token."),
    click.option("--port", default=8765, show_default=True, type=click.IntRange(0, 65535), help="Port; 0: a free one."),
    click.option("--token", envvar="VIMOGEN_TOKEN", help="Secret of those who may ask.  [default: one is made]"),
    click.option("--allow-host", "allow_hosts", multiple=True, help="Another name of this machine, as a proxy has it."),
    click.option("-m", "--model", type=FILE, help="Folder of a model.  [default: the built-in one]"),
    click.option("--lora", type=FILE, help="Trained change of the model."),
    click.option("--text-encoder", type=FILE, help="Folder of the text encoder, for models that need one."),
    device_option,
    dtype_option("Type of weights in memory."),
    click.option(
        "--queue", default=512, show_default=True, type=click.IntRange(1, 100_000), help="Requests that wait."
    ),
    click.option("--timeout", default=600.0, show_default=True, type=click.FloatRange(1), help="Seconds of a job."),
    click.option(
        "--max-frames", default=12_000, show_default=True, type=click.IntRange(2), help="Frames of a request."
    ),
    click.option("--max-upload", default=64, show_default=True, type=click.IntRange(1, 2048), help="MiB of a file."),
)


def _server_options(command: _F) -> _F:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command(short_help="Serve motions over HTTP.")
@click.option("--api", is_flag=True, help="For programs only, without the page.")
@_server_options
def serve(api: bool, **options: Any) -> None:
    """Serve motions over HTTP: JSON in, motion in any format out. Ends at Ctrl-C or SIGTERM.

    \b
    vimogen serve --api
    curl localhost:8765/api/generate -H 'Content-Type: application/json' \\
      -d '{"prompt": "a person waves", "format": "bvh"}' -o wave.bvh
    """
    _run(page=not api, browser=False, **options)


@click.command(short_help="Open the studio: type, watch, direct, take away.")
@click.option("--browser/--no-browser", default=True, help="Open the page in a browser.")
@_server_options
def studio(browser: bool, **options: Any) -> None:
    """Open the studio in a browser: prompts, a timeline, paths and targets, downloads. No request leaves the machine.

    \b
    vimogen studio
    vimogen studio --no-browser --port 9000
    """
    _run(page=True, browser=browser, **options)


def _run(
    *,
    page: bool,
    browser: bool,
    model: Path | None,
    lora: Path | None,
    text_encoder: Path | None,
    device: str,
    dtype: str,
    max_upload: int,
    token: str | None,
    **options: Any,
) -> None:
    try:
        from ..studio import Settings
        from ..studio import serve as run
    except ImportError as error:
        raise click.ClickException(str(error)) from error
    settings = Settings(page=page, token=token, max_upload=max_upload << 20, **options)
    pipeline = Pipeline.from_pretrained(model, device=device, dtype=dtype, lora=lora, text_encoder=text_encoder)
    kind = "studio" if page else "interface"
    run(pipeline, settings, browser=browser, said=lambda address: click.echo(f"{kind}: {address}  (Ctrl-C ends it)"))
