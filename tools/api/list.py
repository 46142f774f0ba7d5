"""Lists the public interface in rustdoc's JSON, one sorted line per item: list.py doc/vimogen_core.json."""

import json
import sys
from pathlib import Path

FORMAT = 57  # of Rust 1.95


class Crate:
    """The items of a crate, and how they are written."""

    def __init__(self, document):
        self.index = document["index"]
        self.lines = set()  # (what it is sorted by, line)
        self.seen = set()

    def item(self, number):
        return self.index.get(str(number))

    def add(self, name, line):
        self.lines.add((name, line))

    def list(self, number, path):
        """Adds an item below ``path`` and all that is reached through it."""
        item = self.item(number)
        if item is None or (number, path) in self.seen:
            return
        self.seen.add((number, path))
        ((kind, inner),) = item["inner"].items()
        name = f"{path}::{item['name']}" if path else item["name"]
        if kind == "module":
            self.add(name, f"mod {name}")
            for child in inner["items"]:
                self.list(child, name)
        elif kind == "use":
            self.use(inner, path)
        elif handler := getattr(self, kind, None):
            handler(name, inner, item)
        else:
            self.add(name, f"{kind} {name}")

    def use(self, inner, path):
        target = self.item(inner["id"]) if inner["id"] is not None else None
        if target is None or target["crate_id"] != 0 or "module" in target["inner"]:
            self.add(f"{path}::{inner['name']}", f"use {path}::{inner['name']} = {inner['source']}")
        else:
            self.add(f"{path}::{inner['name']}", f"use {path}::{inner['name']} = {target['name']}")

    def struct(self, name, inner, item):
        self.add(name, f"{attributes(item)}struct {name}{generics(inner['generics'])}")
        kind = inner["kind"]
        if "plain" in kind:
            self.fields(name, kind["plain"]["fields"])
        elif "tuple" in kind:
            self.fields(name, [field for field in kind["tuple"] if field is not None])
        self.impls(name, inner)

    def union(self, name, inner, item):
        self.add(name, f"union {name}")
        self.fields(name, inner["fields"])
        self.impls(name, inner)

    def enum(self, name, inner, item):
        self.add(name, f"{attributes(item)}enum {name}{generics(inner['generics'])}")
        for number in inner["variants"]:
            variant = self.item(number)
            kind = variant["inner"]["variant"]["kind"]
            path = f"{name}::{variant['name']}"
            self.add(path, f"variant {path}")
            if "tuple" in kind:
                self.fields(path, [field for field in kind["tuple"] if field is not None])
            elif "struct" in kind:
                self.fields(path, kind["struct"]["fields"])
        self.impls(name, inner)

    def fields(self, name, numbers):
        for number in numbers:
            if field := self.item(number):
                self.add(name, f"field {name}.{field['name']}: {type_of(field['inner']['struct_field'])}")

    def impls(self, name, inner):
        for number in inner["impls"]:
            block = self.item(number)["inner"]["impl"]
            if block["is_synthetic"] or block["blanket_impl"] is not None:
                continue
            if block["trait"] is None:
                for child in block["items"]:
                    self.list(child, name)
            elif not block["trait"]["path"].startswith("Structural"):
                self.add(name, f"impl {resolved(block['trait'])} for {name}")

    def trait(self, name, inner, item):
        bounds = f": {bounds_of(inner['bounds'])}" if inner["bounds"] else ""
        self.add(name, f"trait {name}{generics(inner['generics'])}{bounds}")
        for child in inner["items"]:
            self.list(child, name)

    def function(self, name, inner, item):
        header = "".join(f"{word} " for word in ("const", "async", "unsafe") if inner["header"][f"is_{word}"])
        default = " { .. }" if item["visibility"] == "default" and inner["has_body"] else ""
        where = where_of(inner["generics"])
        self.add(name, f"{header}fn {name}{generics(inner['generics'])}{signature(inner['sig'])}{where}{default}")

    def constant(self, name, inner, item):
        self.add(name, f"const {name}: {type_of(inner['type'])}")

    def static(self, name, inner, item):
        self.add(name, f"static {name}: {type_of(inner['type'])}")

    def assoc_const(self, name, inner, item):
        self.add(name, f"const {name}: {type_of(inner['type'])}")

    def assoc_type(self, name, inner, item):
        self.add(name, f"type {name}")

    def type_alias(self, name, inner, item):
        self.add(name, f"type {name}{generics(inner['generics'])} = {type_of(inner['type'])}")


def attributes(item):
    return "#[non_exhaustive] " if any("non_exhaustive" in str(attribute) for attribute in item["attrs"]) else ""


def generics(generic):
    shown = [parameter(p) for p in generic["params"] if not is_hidden(p)]
    return f"<{', '.join(shown)}>" if shown else ""


def is_hidden(parameter):
    """Whether a parameter is that of an ``impl Trait`` in an argument."""
    return parameter["kind"].get("type", {}).get("is_synthetic", False)


def parameter(p):
    kind = p["kind"]
    if "const" in kind:
        return f"const {p['name']}: {type_of(kind['const']['type'])}"
    bounds = bounds_of(kind["type"]["bounds"]) if "type" in kind else " + ".join(kind["lifetime"]["outlives"])
    default = kind["type"]["default"] if "type" in kind else None
    return p["name"] + (f": {bounds}" if bounds else "") + (f" = {type_of(default)}" if default else "")


def where_of(generic):
    parts = []
    for predicate in generic["where_predicates"]:
        if bound := predicate.get("bound_predicate"):
            parts.append(f"{type_of(bound['type'])}: {bounds_of(bound['bounds'])}")
    return f" where {', '.join(parts)}" if parts else ""


def bounds_of(bounds):
    shown = []
    for bound in bounds:
        if "trait_bound" in bound:
            maybe = "?" if bound["trait_bound"]["modifier"] == "maybe" else ""
            shown.append(maybe + resolved(bound["trait_bound"]["trait"]))
        elif "outlives" in bound:
            shown.append(bound["outlives"])
    return " + ".join(shown)


def signature(sig):
    inputs = ", ".join(argument(name, kind) for name, kind in sig["inputs"])
    return f"({inputs})" + (f" -> {type_of(sig['output'])}" if sig["output"] else "")


def argument(name, kind):
    if name != "self":
        return f"{name}: {type_of(kind)}"
    reference = kind.get("borrowed_ref")
    if reference is None:
        return "self"
    return "&mut self" if reference["is_mutable"] else "&self"


def resolved(path):
    return path["path"].rsplit("::", 1)[-1] + arguments(path["args"])


def arguments(args):
    if not args:
        return ""
    if inner := args.get("parenthesized"):
        output = f" -> {type_of(inner['output'])}" if inner["output"] else ""
        return f"({', '.join(map(type_of, inner['inputs']))}){output}"
    inner = args["angle_bracketed"]
    shown = [argument_of(arg) for arg in inner["args"]]
    for constraint in inner["constraints"]:
        equal = constraint["binding"].get("equality")
        shown.append(
            f"{constraint['name']} = {argument_of(equal)}"
            if equal
            else f"{constraint['name']}: {bounds_of(constraint['binding']['constraint'])}"
        )
    return f"<{', '.join(shown)}>" if shown else ""


def argument_of(arg):
    if arg == "infer":
        return "_"
    if "type" in arg:
        return type_of(arg["type"])
    return arg["lifetime"] if "lifetime" in arg else arg.get("const", arg.get("constant"))["expr"]


def type_of(kind):
    if kind == "infer":
        return "_"
    ((form, inner),) = kind.items()
    match form:
        case "primitive" | "generic":
            return inner
        case "resolved_path":
            return resolved(inner)
        case "tuple":
            return f"({', '.join(map(type_of, inner))})"
        case "slice":
            return f"[{type_of(inner)}]"
        case "array":
            return f"[{type_of(inner['type'])}; {inner['len']}]"
        case "borrowed_ref":
            lifetime = f"{inner['lifetime']} " if inner["lifetime"] else ""
            return f"&{lifetime}{'mut ' if inner['is_mutable'] else ''}{type_of(inner['type'])}"
        case "raw_pointer":
            return f"*{'mut' if inner['is_mutable'] else 'const'} {type_of(inner['type'])}"
        case "impl_trait":
            return f"impl {bounds_of(inner)}"
        case "dyn_trait":
            shown = [resolved(bound["trait"]) for bound in inner["traits"]]
            return f"dyn {' + '.join(shown + ([inner['lifetime']] if inner['lifetime'] else []))}"
        case "function_pointer":
            return f"fn{signature(inner['sig'])}"
        case "qualified_path":
            trait = f" as {resolved(inner['trait'])}" if inner["trait"] and inner["trait"]["path"] else ""
            return f"<{type_of(inner['self_type'])}{trait}>::{inner['name']}"
    return form


def main(path):
    document = json.loads(Path(path).read_text(encoding="utf-8"))
    if document["format_version"] != FORMAT:
        sys.exit(f"rustdoc writes format {document['format_version']}, and this script reads {FORMAT}")
    crate = Crate(document)
    crate.list(document["root"], "")
    sys.stdout.write("".join(f"{line}\n" for _, line in sorted(crate.lines)))


if __name__ == "__main__":
    main(sys.argv[1])
