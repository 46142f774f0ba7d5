"""What Python, C, the command line and the book have of enums and options agrees with the core's declarations."""

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

import vimogen
from vimogen import _options, _vimogen
from vimogen.cli import cli

ROOT = Path(__file__).parents[2]
HEADER = (ROOT / "include/vimogen.h").read_text(encoding="utf-8")


def c_struct(name: str) -> set[str]:
    body = re.search(rf"typedef struct {name} \{{(.*?)\n\}} {name};", HEADER, re.DOTALL)[1]
    return set(re.findall(r"(\w+);", re.sub(r"//.*", "", body)))


def test_generated_files_are_up_to_date(tmp_path):
    schema = tmp_path / "schema.json"
    schema.write_text(_vimogen.schema(), encoding="utf-8")
    command = [sys.executable, ROOT / "tools/bindings.py", "--check", schema]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_header_numbers_values_as_the_core_does():
    schema = _options.SCHEMA["enums"]
    for kind, name in {"Solver": "solver", "Smoothing": "smoothing", "Stage": "stage", "WeightDtype": "dtype"}.items():
        found = re.findall(rf"VIMOGEN_{name.upper()}_\w+ = (\d+)", HEADER)
        assert [int(number) for number in found] == list(range(len(schema[kind]["variants"])))


def test_every_option_is_a_field_in_c():
    pairs = {"guidance_interval": {"guidance_low", "guidance_high"}}
    for struct, name in {
        "GenerateOptions": "vimogen_generate_params",
        "RenderOptions": "vimogen_render_params",
    }.items():
        wanted = set().union(*(pairs.get(field["name"], {field["name"]}) for field in _options.fields(struct)))
        assert wanted <= c_struct(name), name


def test_help_lists_every_option_of_a_generation():
    parameters = inspect.signature(vimogen.generate).parameters
    for field in _options.fields("GenerateOptions"):
        assert parameters[field["name"]].default == field["default"], field
        assert f"    {field['name']} : " in vimogen.generate.__doc__
    assert "options" not in parameters


def test_rendering_has_the_defaults_of_the_core():
    parameters = inspect.signature(vimogen.Motion.render).parameters
    for field in _options.fields("RenderOptions"):
        if field["name"] not in ("width", "height"):
            assert parameters[field["name"]].default == field["default"], field


def test_the_command_line_has_every_option_of_a_generation():
    options = {option.name: option for option in cli.commands["generate"].params}
    for field in _options.fields("GenerateOptions"):
        kind = options[field["name"]].type
        if field["kind"] in _options.SCHEMA["enums"]:
            assert list(kind.choices) == _options.names(field["kind"])
        elif field["kind"] == "int" and field["range"]:
            assert (kind.min, kind.max) == (field["range"]["low"], field["range"]["high"])
    assert options["seed"].default == _options.DEFAULT_SEED


def test_the_default_seed_stands_once():
    folders = ("python/vimogen", "vimogen-py/src", "vimogen-capi/src", "vimogen-core/src")
    sources = [
        path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in (".rs", ".py", ".pyi")
    ]
    found = [
        path for path in sources if re.search(r"seed\w*(: \w+)? ?[=:] ?42\b", path.read_text(encoding="utf-8"), re.I)
    ]
    assert found == [ROOT / "vimogen-core/src/declare/mod.rs"]


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_command_describes_itself(name):
    command = cli.commands[name]
    help_text = command.get_help(click.Context(command, info_name=name, max_content_width=110))
    assert command.short_help and help_text.startswith("Usage:")
    for parameter in command.params:
        assert isinstance(parameter, click.Argument) or parameter.help, (name, parameter.name)


def test_schema_is_json():
    assert set(json.loads(_vimogen.schema())) == {"enums", "options", "seed"}
