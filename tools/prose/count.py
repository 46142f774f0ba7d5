"""Counts turns of phrase that read as translated, in the comments and Markdown of the tracked files.

    python3 tools/prose/count.py [--list PATTERN] [--strings] [--max PATTERN=N ...] [--] [FOLDER ...]

Prints one row per folder and one column per pattern. `--list` prints the places of one pattern instead. `--strings`
also reads string literals, which hold messages and help texts. `--max` fails when a pattern has more than N hits.
"""

import argparse
import bisect
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UNITS = """frame|second|step|clip|file|core|thread|line|row|part|class|process|machine|word|result|batch|task|prompt
|minute|hour|joint|channel|level|weight|scale|item|page|folder|topic|sample|side|case|token|output|run|pose|finding"""
COUNTED = r"""\d+(?:[.,]\d+)*|numbers|values|floats|samples|clips|bytes|bits|motions|evaluations|tokens|steps
|seconds|times|draws|prompts|rows|words|channels|joints|files|frames|entries|ms|s|one|two|three|four|six|more|once"""
# Name: (replacement, pattern). Those of SENTENCES count at the start of a sentence, list item or table cell only.
SENTENCES = {"what-is", "most-that"}
PATTERNS = {
    "numbers": ("values, floats, dimensions", r"(?<![Gg]olden\s)(?<!random\s)\bnumbers\b"),
    "what-is": ("the noun itself", r"\bWhat\b(?![^.?]*\?)"),
    "most-that": (
        "maximum, minimum, upper bound",
        r"\b(?:Most(?!\s+(?:of|steps)\b)|Longest|Largest|Smallest|Fewest|Least|Shortest|Deepest)\b",
    ),
    "things-tell": (
        "a plain verb: names, gives, requires, reports",
        r"\b(?:tells?|(?<!which\s)(?<!may\s)says?|asks?|asked\s+for|(?<!you\s)(?<!not\s)knows?|hears?|heard)\b",
    ),
    "lie-stand": ("is, are", r"\b(?:lies?|lying|(?<!person\s)(?<!foot\s)(?<!feet\s)stands?(?!\s+still|\s+up)|stood)\b"),
    "beside": ("next to, in addition to, other than", r"\bbesides?\b"),
    "a-x-a-y": ("one X per Y", rf"\b(?:(?:an?|{COUNTED})\s+an?\s+(?:{UNITS})|an?\s+[A-Z]+\s+an?\s+\w+)\b"),
    "stranded": (
        "two sentences, or the preposition first",
        r"""\b(?:that|which|what|whom)\b[^.;:,()]{3,50}\b(?:of|with|from|at|for|to|by|about)(?=[.;:]|\s*\Z)
        |\bof\s+(?:whose|whom|what)\b""",
    ),
    "is-no": ("is not a", r"(?<!there\s)\b(?:is|are|was|were|be)\s+no\s+(?!longer\b|more\b|need\b)\w+"),
    "told": ("given, regardless of, again", r"\b(?:told(?!\s+apart)|whatever|anew|need\s+be|somebody|whoever)\b"),
}
SLASHES = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/|<!--.*?-->)
    |(?P<string>b?r(?P<fence>\#*)".*?"(?P=fence)|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\\n])')""",
    re.DOTALL | re.VERBOSE,
)
HASHES = re.compile(
    r"""(?P<docstring>[rbfu]*\"{3}.*?\"{3})|(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    |(?P<comment>(?<![\w$&{])\#[^\n]*)""",
    re.DOTALL | re.VERBOSE,
)
SYNTAX = dict.fromkeys([".rs", ".h", ".hpp", ".c", ".cpp", ".js", ".html"], SLASHES)
SYNTAX |= dict.fromkeys([".py", ".pyi", ".sh", ".toml", ".yml", ".yaml", "Makefile"], HASHES)
MARKERS = re.compile(r"^(\s*)(//[/!]?|/?\*+|#+!?|\"+)", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def without_code(text):
    """Inline code becomes letters, so that offsets stay and names in it do not count."""
    return re.sub(r"`[^`\n]*`", lambda match: "x" * len(match[0]), text)


def blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def comments(text, syntax, strings):
    """Yields (start, end) of each comment, docstring and, on request, string with more than a word."""
    for match in syntax.finditer(text):
        literal = match.lastgroup in ("string", "fence")
        if not literal or (strings and " " in match[0]):
            yield match.span()


def blocks(path, text, strings):
    """Yields (offset, text) of each run of prose: a page of Markdown, a docstring, comments on successive lines."""
    if path.suffix == ".md":
        yield 0, without_code(FENCED.sub(blank, text))
        return
    start = end = None
    for first, last in comments(text, SYNTAX[kind(path)], strings):
        if end is not None and (text[end:first].strip() or text.count("\n", end, first) > 1):
            yield start, without_code(MARKERS.sub(blank, text[start:end]))
            start = None
        start, end = first if start is None else start, last
    if end is not None:
        yield start, without_code(MARKERS.sub(blank, text[start:end]))


def starts_sentence(block, at):
    before = block[:at].rstrip(" \n*-")
    return not before or before[-1] in ".!?|" or re.search(r"\n\s*\n[\s*-]*\Z", block[len(before) : at]) is not None


def hits(path, text, strings, patterns):
    """Yields (pattern, line, excerpt)."""
    lines = [match.start() for match in re.finditer("\n", text)]
    for offset, block in blocks(path, text, strings):
        for name, pattern in patterns.items():
            for match in pattern.finditer(block):
                if name not in SENTENCES or starts_sentence(block, match.start()):
                    excerpt = " ".join(block[max(0, match.start() - 40) : match.end() + 50].split())
                    yield name, bisect.bisect_left(lines, offset + match.start()) + 1, excerpt


def kind(path):
    return path.suffix or path.name


def room(path):
    parts = path.parts[:-1]
    return "/".join(parts[:3] if parts[:2] == ("vimogen-core", "src") else parts[:1]) or "."


def tracked(folders):
    listed = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = [Path(name) for name in listed.splitlines()]
    return [path for path in paths if kind(path) in {*SYNTAX, ".md"} and (ROOT / path).is_file()]


def table(counts):
    """Prints the counts; their sums."""
    total = sum(counts.values(), Counter())
    rows = [("", *PATTERNS)]
    rows += [(name, *(count[key] or "" for key in PATTERNS)) for name, count in sorted(counts.items())]
    rows.append(("total", *(total[key] for key in PATTERNS)))
    width = max(len(row[0]) for row in rows)
    for row in rows:
        print(row[0].ljust(width), *(str(cell).rjust(len(key)) for cell, key in zip(row[1:], PATTERNS, strict=True)))
    return total


def limit(text):
    name, most = text.split("=")
    if name not in PATTERNS:
        raise ValueError(name)
    return name, int(most)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", choices=PATTERNS, help="print the places of this pattern")
    parser.add_argument("--strings", action="store_true", help="read string literals too")
    parser.add_argument("--max", nargs="+", type=limit, default=[], metavar="PATTERN=N", help="fail above N hits")
    parser.add_argument("folders", nargs="*")
    args = parser.parse_args()
    names = [args.list] if args.list else PATTERNS
    patterns = {name: re.compile(PATTERNS[name][1], re.VERBOSE) for name in names}
    counts = {}
    for path in tracked(args.folders):
        for name, line, excerpt in hits(path, (ROOT / path).read_text(encoding="utf-8"), args.strings, patterns):
            counts.setdefault(room(path), Counter())[name] += 1
            if args.list:
                print(f"{path}:{line}: {excerpt}")
    if args.list:
        print(f"write instead: {PATTERNS[args.list][0]}", file=sys.stderr)
        return
    total = table(counts)
    over = [f"{name} {total[name]} (maximum {most})" for name, most in args.max if total[name] > most]
    if over:
        sys.exit(f"too many hits: {', '.join(over)}; --list PATTERN prints the places")


if __name__ == "__main__":
    main()
