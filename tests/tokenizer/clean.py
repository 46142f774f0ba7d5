"""Writes cleaned.json: broken texts, cleaned by `ftfy` and Python's html module.

    pip install ftfy==6.3.1
    python tests/tokenizer/clean.py

Every text of ids.json is broken as texts are in practice: its UTF-8 read as another encoding, once or twice, or with its
non-breaking spaces lost. There are texts full of HTML, and random ones from the characters that such mistakes make.
"""

import html
import json
import random
import re
import sys
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

ALL_ENCODINGS = [
    "latin-1",
    *(f"sloppy-windows-{number}" for number in (1252, 1251, 1250, 1253, 1254, 1257)),
    "iso-8859-2",
    "macroman",
    "cp437",
]
PHRASES = [
    "café déjà vu",
    "l'homme à la quela vão",
    "“quoted” — text…",
    "it’s ‘fine’",
    "日本語のテスト",
    "Привет мир",
    "Ελληνικά κείμενο",
    "Ťažký kôň",
    "İstanbul ığüş",
    "ąčęėįšųūž",
    "😀 jumps",
    "€100 £5 ½ ±3°",
    "ÜBER straße",
    "ﬁsh ﬂow ĳ ŉ",
    "ＡＢＣ！ １２３ ｶﾞ",
    "&amp;amp; &eacute; &EACUTE; &#233;",
    "<b> &amp; </b>",
    "\x1b[31mred\x1b[0m",
    "a\u2028b\r\nc\rd",
    "Zażółć gęślą jaźń",
    "¿Qué? ¡Hola!",
    "e\u0301 \ufffd x²",
]
CHARACTERS = (
    "abz .,?!ÃÂâ€™œžÐÎØÙ°±²³µ¶¼½¿àáéíóúûüñçßŒœŠšŸ‘’“”•–—˜…‚„†‡вЂРСГВДабвΓΒΞΟβαλāăąćčÄÅÑÖ¢£§®©´¨≠∞≤≥"
    "\xa0\xad\x80\x85\x9d\x93░▒▓│┤╡ΓπΣ <&;ʼ！\u3000\ufffd\n"
)


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


def misread(text: str, draw: random.Random) -> str:
    encoding = draw.choice(ALL_ENCODINGS)
    return "".join(bytes([byte]).decode(encoding, "replace") for byte in text.encode())


def random_texts(count: int) -> list[str]:
    draw = random.Random(0)
    out = []
    for i in range(count):
        text = " ".join(draw.choices(PHRASES, k=draw.randint(1, 2)))
        for _ in range(draw.randint(0, 2)):
            text = misread(text, draw)
        if i % 4 == 0:
            text = "".join(draw.choices(CHARACTERS, k=draw.randint(1, 12)))
        elif i % 4 == 1:
            text = f"{draw.choice(PHRASES)} {text.replace(chr(0xA0), ' ')}"
        out.append(text)
    return out


def main() -> None:
    # Another number for more texts than the repository holds.
    texts = broken() + random_texts(int(sys.argv[1]) if len(sys.argv) > 1 else 600)
    pairs = [{"input": text, "cleaned": clean(text)} for text in texts]
    with (HERE / "cleaned.json").open("w", encoding="utf-8") as file:
        json.dump(pairs, file, ensure_ascii=False, indent=0)
    print(f"{len(pairs)} texts, {sum(p['input'] != p['cleaned'] for p in pairs)} of which change")


main()
