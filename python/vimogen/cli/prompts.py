"""``vimogen prompts``: the movements that a model knows, with wordings."""

from __future__ import annotations

import json

import click

from .. import Pipeline
from .options import FILE, json_option


@click.command(short_help="List the movements that a model knows.")
@click.argument("word", required=False)
@click.option("-m", "--model", type=FILE, help="Folder of a model.  [default: the built-in one]")
@json_option
def prompts(word: str | None, model: str | None, as_json: bool) -> None:
    """List the movements that a model was trained on, each with three wordings, or all wordings with WORD.

    \b
    vimogen prompts
    vimogen prompts jump
    """
    known = Pipeline.from_pretrained(model).known_prompts
    if known is None:
        raise click.ClickException(f"{model} has no prompts.json, the list of its movements")
    if word is not None:
        known = _with(word.lower(), known)
    if not known:
        raise click.ClickException(f"no movement of this model has the word {word!r}; vimogen prompts lists them all")
    if as_json:
        click.echo(json.dumps(known, indent=2))
        return
    for movement, phrases in known.items():
        shown = phrases if word else phrases[:3]
        click.echo(f"{movement.replace('_', ' '):14}  {'; '.join(shown)}")


def _with(word: str, known: dict[str, list[str]]) -> dict[str, list[str]]:
    """Keep the phrases with a word, or all of a movement that has it in its name."""
    named = {m: [p for p in phrases if word in m.split("_") or word in p.split()] for m, phrases in known.items()}
    return {movement: phrases for movement, phrases in named.items() if phrases}
