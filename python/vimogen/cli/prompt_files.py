"""Files of prompts, as editors and shells write them."""

from __future__ import annotations

import codecs
import sys
from pathlib import Path

import click

from .._files import read_bytes

# UTF-32 little-endian begins as UTF-16 does.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


def read_prompts(path: Path) -> list[str]:
    """Read the prompts of a file, one per line; ``-`` is standard input. Blank lines and ``#`` lines are left out."""
    name = "standard input" if str(path) == "-" else str(path)
    text = _decoded(sys.stdin.buffer.read() if str(path) == "-" else read_bytes(path), name)
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _decoded(data: bytes, name: str) -> str:
    mark = next((mark for mark in _MARKS if data.startswith(mark)), b"")
    encoding = _MARKS.get(mark) or _unmarked(data)
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise click.ClickException(
            f"{name}, line {line}: this is neither UTF-8 nor UTF-16; save the file as UTF-8"
        ) from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise click.ClickException(f"{name}, line {line}: this is no text, it holds a zero; save the file as UTF-8")
    return text


def _unmarked(data: bytes) -> str:
    """Tell UTF-16 without a mark by the zero bytes of its ASCII characters."""
    if b"\0" not in data[:4096]:
        return "utf-8"
    return "utf-16-be" if data[:1] == b"\0" else "utf-16-le"
