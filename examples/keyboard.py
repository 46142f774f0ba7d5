"""A character in the terminal, led by keys while it moves: an endless motion that takes wishes at any frame.

python examples/keyboard.py             # w walk, r run, x stop, space jump, v wave, a and d turn, q quit
python examples/keyboard.py --keys "wwaad  q"   # the same without a keyboard: one key per half second, no pause
"""

import argparse
import contextlib
import select
import sys
import time
from collections.abc import Iterator

import numpy as np

import vimogen

PROMPTS = {
    "w": "a person walks forward",
    "r": "a person runs forward",
    "x": "a person stands still",
    " ": "a person jumps",
    "v": "a person waves the right hand",
}
TURNS = {"a": 45.0, "d": -45.0}
WIDTH, HEIGHT, METRES = 64, 22, 2.4
BLOCK = 2
BONES = [(0, 1), (0, 2), (0, 12), (12, 15), (1, 4), (4, 7), (7, 10), (2, 5), (5, 8), (8, 11)]
BONES += [(12, 16), (16, 18), (18, 20), (12, 17), (17, 19), (19, 21)]


def picture(joints: np.ndarray, heading: float) -> str:
    """The body in characters, seen from its side, and its place on the ground."""
    canvas = [[" "] * WIDTH for _ in range(HEIGHT)]
    ahead = np.radians(heading + 90)
    along = (joints[:, :2] - joints[0, :2]) @ [np.cos(ahead), np.sin(ahead)]
    for a, b in BONES:
        for share in np.linspace(0, 1, 16):
            x = along[a] + share * (along[b] - along[a])
            z = joints[a, 2] + share * (joints[b, 2] - joints[a, 2])
            column = int(WIDTH / 2 + x / METRES * WIDTH / 1.6)
            row = int(HEIGHT - 1 - z / METRES * HEIGHT)
            if 0 <= row < HEIGHT and 0 <= column < WIDTH:
                canvas[row][column] = "#"
    ground = f"x {joints[0, 0]:+.1f} m  y {joints[0, 1]:+.1f} m  heading {heading:+.0f}"
    return "\n".join("".join(row) for row in canvas) + "\n" + "=" * WIDTH + "\n" + ground


@contextlib.contextmanager
def keyboard() -> Iterator[None]:
    """Keys arrive one by one, without Enter (POSIX terminals)."""
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def pressed() -> str:
    """The key that is waiting, or nothing."""
    return sys.stdin.read(1) if select.select([sys.stdin], [], [], 0)[0] else ""


def main() -> None:
    """Play until q."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", help="keys to play instead of the keyboard")
    parser.add_argument("--seed", type=int, default=1)
    scripted = parser.parse_args()
    # Without a terminal there is no keyboard.
    keys = scripted.keys if scripted.keys is not None or sys.stdin.isatty() else "wad vq"
    pipe = vimogen.Pipeline.from_pretrained()
    stream = pipe.stream(PROMPTS["w"], seed=scripted.seed)
    heading, slowest, start = 0.0, 0.0, time.perf_counter()
    block = stream.block(BLOCK)
    with keyboard() if keys is None else contextlib.nullcontext():
        while True:
            key = pressed() if keys is None else ""
            if keys is not None and stream.frame % 10 == 0:
                key, keys = (keys[:1] or "q"), keys[1:]
            asked = time.perf_counter()
            if key == "q":
                break
            if key in PROMPTS:
                stream.set_prompt(PROMPTS[key])
            if key in TURNS:
                heading += TURNS[key]
                stream.set_heading(heading)
            block = stream.block(BLOCK)
            slowest = max(slowest, time.perf_counter() - asked)
            if keys is None:
                print("\x1b[H\x1b[J" + picture(block.joints[-1], heading), flush=True)
                # Wait until the block has been shown.
                time.sleep(max(0.0, start + stream.frame / pipe.fps - time.perf_counter()))
    if keys is not None:
        print(picture(block.joints[-1], heading))
    print(f"{stream.frame} frames, the slowest block took {1000 * slowest:.0f} ms")


if __name__ == "__main__":
    main()
