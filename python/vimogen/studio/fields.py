"""Fields of requests: declared once, for checking and for the OpenAPI document."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from .._options import accepted, fields, names, prose
from .errors import Refused

MAX_PROMPT = 2000


@dataclass(frozen=True)
class Field:
    """A named value: its meaning, its JSON schema, and how it is read."""

    name: str
    doc: str
    schema: dict[str, Any]
    read: Callable[[Any, str], Any]
    required: bool = False

    def needed(self) -> Field:
        """Return the field, required."""
        return replace(self, required=True)


def _bad(field: str, value: Any, wanted: str) -> NoReturn:
    shown = json.dumps(value, default=str)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    raise Refused(f"{field} is {shown}; it must be {wanted}", field=field)


def text(name: str, doc: str, *, longest: int = MAX_PROMPT) -> Field:
    """A text that is not empty."""

    def read(value: Any, where: str) -> str:
        if not isinstance(value, str):
            _bad(where, value, "a text")
        if len(value) > longest:
            raise Refused(f"{where} has {len(value)} characters, at most {longest} are read; shorten it", field=where)
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise Refused(f"{where} holds half of a surrogate pair; send Unicode text", field=where) from None
        return value

    return Field(name, doc, {"type": "string", "maxLength": longest}, read)


def integer(name: str, doc: str, low: int, high: int) -> Field:
    """A whole number in a range."""

    def read(value: Any, where: str) -> int:
        whole = isinstance(value, float) and math.isfinite(value) and value.is_integer()
        if isinstance(value, bool) or not (isinstance(value, int) or whole) or not low <= value <= high:
            _bad(where, value, f"a whole number from {low} to {high}")
        return int(value)

    return Field(name, doc, {"type": "integer", "minimum": low, "maximum": high}, read)


def number(name: str, doc: str, low: float, high: float, *, open_low: bool = False) -> Field:
    """A number in a range."""
    bound = {"exclusiveMinimum" if open_low else "minimum": low, "maximum": high}

    def read(value: Any, where: str) -> float:
        good = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
        if not good or (open_low and value == low):
            _bad(where, value, f"a number {'above' if open_low else 'from'} {low:g} to {high:g}")
        return float(value)

    return Field(name, doc, {"type": "number", **bound}, read)


def flag(name: str, doc: str) -> Field:
    """True or false."""

    def read(value: Any, where: str) -> bool:
        if not isinstance(value, bool):
            _bad(where, value, "true or false")
        return value

    return Field(name, doc, {"type": "boolean"}, read)


def choice(name: str, doc: str, values: Iterable[str]) -> Field:
    """One of some names."""
    known = list(values)

    def read(value: Any, where: str) -> str:
        if not isinstance(value, str) or value not in known:
            near = difflib.get_close_matches(str(value)[:40], known, 1)
            _bad(where, value, f"one of {', '.join(known)}" + (f"; did you mean {near[0]}?" if near else ""))
        return value

    return Field(name, doc, {"type": "string", "enum": known}, read)


def listed(item: Field, most: int, *, least: int = 1, or_one: bool = False) -> Field:
    """A list of values; with `or_one` also a single one, which is read as a list of one."""
    schema: dict[str, Any] = {"type": "array", "items": item.schema, "minItems": least, "maxItems": most}

    def read(value: Any, where: str) -> list[Any]:
        if or_one and not isinstance(value, list):
            return [item.read(value, where)]
        if not isinstance(value, list) or not least <= len(value) <= most:
            _bad(where, value, f"a list of {least} to {most} values")
        return [item.read(entry, f"{where}[{i}]") for i, entry in enumerate(value)]

    return Field(item.name, item.doc, {"oneOf": [item.schema, schema]} if or_one else schema, read)


def anything(name: str, doc: str, schema: dict[str, Any], kinds: tuple[type, ...], wanted: str) -> Field:
    """A value that the library checks."""

    def read(value: Any, where: str) -> Any:
        if not isinstance(value, kinds) or isinstance(value, bool):
            _bad(where, value, wanted)
        return value

    return Field(name, doc, schema, read)


def options() -> list[Field]:
    """Options of a generation, as the library declares them."""
    quality = choice("quality", "Preset of steps and solver.", names("Preset"))
    own = {"num_frames", "seed"}
    return [quality, *(_option(row) for row in fields("GenerateOptions") if row["name"] not in own)]


def _option(row: dict[str, Any]) -> Field:
    name, doc, kind, bounds = row["name"], prose(row["doc"]), row["kind"], row["range"]
    if kind == "bool":
        return flag(name, doc)
    if kind in ("float", "pair", "int") and bounds:
        low, high = bounds["low"], bounds["high"]
        if kind == "int":
            return integer(name, doc, int(low), int(high))
        one = number(name, doc, low, high, open_low=not bounds["includes_low"])
        return one if kind == "float" else listed(one, 2, least=2)
    if kind in ("float", "int"):
        return number(name, doc, -1e9, 1e9) if kind == "float" else integer(name, doc, 0, 2**63 - 1)
    return choice(name, f"{doc} {accepted(row)}", names(kind))


def read_object(value: Any, known: Mapping[str, Field], where: str = "the request") -> dict[str, Any]:
    """Check an object against its fields; null means that a field is not given."""
    if not isinstance(value, dict):
        raise Refused(f'{where} is not a JSON object such as {{"prompt": "a person walks"}}')
    out = {}
    for name, entry in value.items():
        if name not in known:
            near = difflib.get_close_matches(name[:40], list(known), 1)
            hint = f"; did you mean {near[0]}?" if near else f"; fields are {', '.join(known)}"
            raise Refused(f"{where} has the unknown field {name[:40]!r}{hint}", field=name[:40])
        if entry is not None:
            out[name] = known[name].read(entry, name)
    missing = [name for name, field in known.items() if field.required and name not in out]
    if missing:
        raise Refused(f"{where} lacks {missing[0]}: {known[missing[0]].doc}", field=missing[0])
    return out


def parse_json(body: bytes) -> Any:
    """Read JSON of finite numbers."""
    try:
        source = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(f"the body is not UTF-8: byte {error.start}") from None
    try:
        return json.loads(source, parse_constant=_no_constant, parse_float=_finite)
    except RecursionError:
        raise Refused("the body nests too many lists or objects") from None
    except ValueError as error:
        raise Refused(f"the body is not JSON: {error}") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits[:20]} is out of range")
    return value
