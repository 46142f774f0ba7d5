"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

FILE = click.Path(path_type=Path)

device_option = click.option(
    "--device", default="cpu", show_default=True, help="cpu, cuda, cuda:N or wgpu, as built in."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, for programs.")
quiet_option = click.option("-q", "--quiet", is_flag=True, help="No progress bar.")
