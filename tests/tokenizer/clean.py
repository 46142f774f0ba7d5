"""Writes cleaned.json: what `ftfy` and Python's html module make of broken texts.

    pip install ftfy==6.3.1
    python tests/tokenizer/clean.py

Every text of ids.json is broken as texts are in the wild: its UTF-8 read as another encoding, once or twice, or with its
non-breaking spaces lost; and there are texts full of HTML.
"""

import html
import json
import re
from pathlib import Path

import ftfy

HERE = Path(__file__).parent
ENCODINGS = [
    "latin-1",
    "cp1252",
    "sloppy-windows-1252",
    "cp437",
    "macroman",
    "cp1251",
    "iso-8859-2",
    "sloppy-windows-1250",
]
HTML = [
    "&lt;p&gt;a &amp;amp; b&lt;/p&gt;",
    "<b>&amp;lt;</b> &eacute;",
    "&NoSuch; &amp &ampx &copy2024",
    "&#8217;s &#x2019;s &#146;s",
    "&EACUTE;l&egrave;ve",
    "100 &lt 200 &gt 50",
    "a&nbsp;&nbsp;b",
    "&#x80;&#150;&#0;",
    "&hellip;&mdash;&ndash;&hearts;",
    "R&D &c. AT&T",
    "&amp;amp;amp;lt;",
    "<b> &amp;amp;amp;lt;",
    "&quot;it&#39;s&quot;",
    "first\n<i>&amp;eacute;</i>\nlast &amp;amp;",
]


def clean(text: str) -> str:
    text = html.unescape(html.unescape(ftfy.fix_text(text)))
    return re.sub(r"\s+", " ", text.strip()).strip()


def broken() -> list[str]:
    texts = [pair["text"] for pair in json.loads((HERE / "ids.json").read_text())]
    out = list(HTML)
    for i, text in enumerate(texts):
        encoding = ENCODINGS[i % len(ENCODINGS)]
        try:
            once = text.encode().decode(encoding)
        except UnicodeDecodeError:
            continue
        out.append(once)
        if i % 5 == 0:
            out.append(f"before, {once} and after")
        if i % 7 == 0:
            out.append(once.replace("\u00a0", " "))
        if i % 11 == 0:
            out.append(once.encode().decode("latin-1"))
    return out


def main() -> None:
    pairs = [{"input": text, "cleaned": clean(text)} for text in broken()]
    with (HERE / "cleaned.json").open("w", encoding="utf-8") as file:
        json.dump(pairs, file, ensure_ascii=False, indent=0)
    print(f"{len(pairs)} texts, {sum(p['input'] != p['cleaned'] for p in pairs)} of which change")


main()
