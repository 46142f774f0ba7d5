"""The command line: ``vimogen generate``, ``convert``, ``render``, ``train``, ``evaluate``, ``studio`` and more.

Each command has the file of its name. Exit codes: 0 done, 1 an error (its message is on standard error), 2 wrong usage,
130 stopped by Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from .. import VimogenError, __version__
from .convert import convert
from .download import download
from .edit import edit
from .encode_text import encode_text
from .evaluate import evaluate
from .finetune import finetune
from .gate import gate
from .generate import generate
from .info import info
from .join import join
from .mcp import mcp
from .organize import organize
from .prepare_data import prepare_data
from .prompts import prompts
from .reading import print_doubts
from .render import render
from .retarget import retarget
from .sequence import sequence
from .serve import serve, studio
from .set_metrics import set_metrics
from .smplify import smplify
from .train import train
from .view import view

COMMANDS = {
    "Motions": (generate, sequence, prompts, convert, retarget, edit, join, render, view, info),
    "Training": (finetune, prepare_data, encode_text, train, download),
    "Servers": (studio, serve, mcp),
    "Scores": (evaluate, organize, gate, smplify, set_metrics),
}


class _Grouped(click.Group):
    """A group whose help lists the commands by topic."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [command.name or "" for commands in COMMANDS.values() for command in commands]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for topic, commands in COMMANDS.items():
            with formatter.section(topic):
                formatter.write_dl([(command.name or "", command.get_short_help_str(100)) for command in commands])


@click.group(cls=_Grouped, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="vimogen")
def cli() -> None:
    """Text to 3D human motion.

    \b
    vimogen generate "a person walks forward and waves"
    vimogen convert out/000-a-person-walks-forward-and-waves.npz walk.bvh
    vimogen info dance.bvh
    vimogen evaluate out

    vimogen COMMAND --help describes a command.
    """


for _commands in COMMANDS.values():
    for _command in _commands:
        cli.add_command(_command)


def main() -> None:
    """Run the command line and exit."""
    print_doubts()
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        sys.exit(130)
    except (VimogenError, OSError, OverflowError) as error:
        _fail(str(error))
    except Exception as error:
        if os.environ.get("VIMOGEN_TRACEBACK"):
            raise
        _fail(f"{type(error).__name__}: {error}; please report it, with the output under VIMOGEN_TRACEBACK=1")
    try:
        sys.stdout.flush()
    except OSError as error:
        _fail(str(error))
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str) -> NoReturn:
    """Print an error and exit, also if standard output is full or nobody reads it."""
    try:
        sys.stdout.flush()
    except OSError:
        # What is left is not written when the interpreter exits: it would print a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    click.echo(f"error: {message}", err=True)
    sys.exit(1)
