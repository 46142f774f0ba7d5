"""Motions in a page of viser."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._vimogen import Body, Motion


class Player:
    """A body in a page, with a slider of frames and a switch that plays."""

    def __init__(self, server: Any, motion: Motion, body: Body, name: str) -> None:
        self._server, self._motion = server, motion
        self._vertices, self._faces, self._name = body.vertices(motion), body.faces, name
        with server.gui.add_folder(name):
            self._slider = server.gui.add_slider("frame", 0, max(len(motion) - 1, 1), 1, 0)
            self._switch = server.gui.add_checkbox("play", True)
        self._mesh: Any = None
        self._slider.on_update(lambda _: self._draw())
        self._draw()
        self._closed = threading.Event()
        self._clock = threading.Thread(target=self._play, name=f"play {name}", daemon=True)
        self._clock.start()

    @property
    def server(self) -> Any:
        """The server of the page."""
        return self._server

    @property
    def frame(self) -> int:
        """The frame that is shown."""
        return min(int(self._slider.value), len(self._motion) - 1)

    def show(self, frame: int) -> None:
        """Stop playing and show a frame."""
        if not 0 <= frame < len(self._motion):
            raise IndexError(f"frame {frame} is not one of 0 to {len(self._motion) - 1}")
        self._switch.value = False
        self._slider.value = frame
        self._draw()

    def close(self) -> None:
        """Take the body away and stop the clock; the server goes on."""
        self._closed.set()
        self._clock.join()
        self._mesh.remove()

    def _draw(self) -> None:
        # A node of the same name takes the place of the one before.
        self._mesh = self._server.scene.add_mesh_simple(self._name, self._vertices[self.frame], self._faces)

    def _play(self) -> None:
        began, first = time.monotonic(), self.frame
        while not self._closed.wait(1 / self._motion.fps):
            if not self._switch.value:
                began, first = time.monotonic(), self.frame
                continue
            at = first + int((time.monotonic() - began) * self._motion.fps)
            self._slider.value = at % len(self._motion)
            self._draw()


def to_viser(self: Motion, server: Any = None, *, name: str = "/motion", body: Body | None = None) -> Player:
    """Show the clip as a body in a page of viser, with a slider and a switch that plays; needs viser.

    Parameters
    ----------
    server : viser.ViserServer, optional
        None: a new one, whose address it prints.
    name : str
        Name of the body. Motions of several names are in one page.
    body : Body, optional
        None: the neutral body.

    Returns
    -------
    Player
        ``show(frame)``, ``frame``, ``close()``, and ``server``, whose ``stop()`` ends the page.

    """
    from . import _vimogen
    from ._methods import needed

    if server is None:
        server = needed("viser", "Motion.to_viser").ViserServer()
    server.scene.set_up_direction("+z")
    return Player(server, self, body or _vimogen.Body(), name)
