"""The page "Bring your own motion" names what the tests of the readers read, and the options that there are."""

import re

from conftest import ROOT

PAGE = (ROOT / "docs/src/how-to/bring-your-own-motion.md").read_text(encoding="utf-8")


def programs():
    """The programs whose results the tests of the reader read."""
    tests = (ROOT / "vimogen-core/src/io/results/tests.rs").read_text(encoding="utf-8")
    table = tests.split("const FILES", 1)[1].split("];", 1)[0]
    return set(re.findall(r'\("[^"]+", [\d.]+, \w+, "([^"]+)"', table))


def test_the_page_names_every_program_whose_results_are_read():
    rows = PAGE.split("## Results of other programs", 1)[1]
    found = programs()
    assert len(found) > 10
    assert [kind for kind in found if kind.split(",")[0] not in rows] == []


def test_the_page_names_every_extension_that_is_read():
    formats = (ROOT / "docs/src/how-to/other-programs.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`\.[^|]+) \| [^|]+ \| yes \| (?:yes|no) \|$", formats, re.MULTILINE)
    assert len(rows) > 5
    for extension in re.findall(r"`(\.\w+)`", " ".join(rows)):
        assert extension in PAGE, extension


def test_the_page_names_the_options_of_every_language():
    reading = (ROOT / "python/vimogen/cli/reading.py").read_text(encoding="utf-8")
    options = re.findall(r'click\.option\(\s*"(--[a-z-]+)"', reading)
    params = re.search(r"typedef struct vimogen_motion_load_params \{(.*?)\n\}", header(), re.DOTALL)[1]
    fields = set(re.findall(r"(\w+);", re.sub(r"//.*", "", params))) - {"struct_size", "reserved"}
    table = PAGE.split("## What to do when it is wrong", 1)[1].split("##", 1)[0]
    assert len(options) == 6 and len(fields) == 7
    for name in (*options, *fields):
        assert name in table, name


def header():
    return (ROOT / "include/vimogen.h").read_text(encoding="utf-8")
