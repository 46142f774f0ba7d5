"""`vimogen mcp`: an assistant makes, changes and measures motions over standard input and output."""

import asyncio
import base64
import json
import sys

import pytest

pytest.importorskip("mcp.server.mcpserver", reason='version 2 of the MCP SDK is not installed: pip install "mcp>=2"')

from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

import vimogen

WALK = "a person walks forward"


def talk(folder, use):
    """Runs an assistant against a server in a process of its own."""

    async def run():
        command = StdioServerParameters(command=sys.executable, args=["-m", "vimogen", "mcp", "-o", str(folder)])
        async with Client(stdio_client(command)) as client:
            return await use(client)

    return asyncio.run(asyncio.wait_for(run(), 180))


async def facts(client, tool, **arguments):
    answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer.content
    return json.loads(answer.content[0].text)


def test_an_assistant_makes_changes_and_measures_motions(tmp_path):
    async def use(client):
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert {*tools} == {"generate", "edit", "convert", "score", "list_prompts"}
        assert all(tool.description for tool in tools.values())
        answer = await client.call_tool("generate", {"prompt": WALK, "seconds": 2, "seed": 5, "format": "bvh"})
        made, picture = json.loads(answer.content[0].text), answer.content[1]
        assert picture.mime_type == "image/png"
        image = base64.b64decode(picture.data)
        assert image.startswith(b"\x89PNG") and len(image) < 300_000
        twice = await facts(client, "edit", file=made["npz"], edit="mirror", format="glb")
        changed = await facts(client, "edit", file="a-person-walks-forward.npz", prompt="a person runs forward")
        other = await facts(client, "convert", file=made["file"], format="csv")
        score = await facts(client, "score", file=made["npz"])
        known = await facts(client, "list_prompts", word="jump")
        notes = (await facts(client, "generate", prompt="a person plays the guitar", seconds=1))["notes"]
        return made, twice, changed, other, score, known, notes

    made, twice, changed, other, score, known, notes = talk(tmp_path, use)
    source = vimogen.Motion.load(made["npz"])
    assert source == vimogen.generate(WALK, num_frames=40, seed=5)
    assert len(vimogen.Motion.load(twice["npz"])) == 40 and twice["file"].endswith(".glb")
    assert vimogen.Motion.load(changed["npz"]) != source
    assert (tmp_path / "a-person-walks-forward.bvh").exists() and other["file"].endswith(".csv")
    assert score["metrics"]["Jitter_Degree"] == pytest.approx(source.quality()["Jitter_Degree"])
    assert "jump" in known and "guitar" in notes[0]


def test_files_outside_of_the_folder_and_odd_values_are_refused(tmp_path):
    outside = tmp_path / "outside.npz"
    vimogen.generate(WALK, num_frames=20, num_inference_steps=2).save(outside)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link.npz").symlink_to(outside)
    calls = [
        ("score", {"file": str(outside)}, "outside"),
        ("score", {"file": "../outside.npz"}, "outside"),
        ("score", {"file": "link.npz"}, "outside"),
        ("score", {"file": "no\0thing"}, "not a path"),
        ("score", {"file": "nothing.npz"}, "not a file"),
        ("generate", {"prompt": WALK, "seconds": 1e99}, "seconds"),
        ("generate", {"prompt": WALK, "seed": -1}, "seed"),
        ("generate", {"prompt": "x" * 10_000}, "characters"),
        ("generate", {"prompt": "..."}, "no word"),
        ("generate", {"prompt": WALK, "format": "../exe"}, "not written"),
        ("edit", {"file": "nothing.npz"}, "give an edit"),
    ]

    async def use(client):
        return [(await client.call_tool(tool, arguments), named) for tool, arguments, named in calls]

    for answer, named in talk(tmp_path / "in", use):
        assert answer.is_error and named in answer.content[0].text, (named, answer.content)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "outside.npz"]
