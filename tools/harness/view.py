# SPDX-License-Identifier: Apache-2.0
"""What a person sees of a long command: steps with their time, colours where they help."""
import contextlib
import os
import sys
import textwrap
import threading
import time

WIDTH = 100
STYLES = {"good": "32", "bad": "31", "doubt": "33", "dim": "2", "bold": "1", "head": "1;36"}
LIVE_SECONDS = 0.25
HEARTBEAT_SECONDS = 20     # where nothing can be redrawn


class View:
    """Writes to stdout. On a terminal a running step is one line that is redrawn; elsewhere, and with
    NO_COLOR, everything is plain text that only grows."""

    def __init__(self):
        self.live = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self.coloured = ((self.live or "FORCE_COLOR" in os.environ)
                         and not os.environ.get("NO_COLOR"))
        self._lock = threading.Lock()
        self._drawn = False

    def paint(self, style, text):
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self.coloured else text

    def line(self, text=""):
        with self._lock:
            self._clear()
            print(text, flush=True)

    def heading(self, text):
        self.line()
        self.line(self.paint("head", text))

    def paragraph(self, text, indent=2, style=None):
        for line in textwrap.wrap(text, WIDTH - indent):
            self.line(" " * indent + (self.paint(style, line) if style else line))

    def begin(self, title):
        """Starts a step that takes its time; end it."""
        return Step(self, title)

    @contextlib.contextmanager
    def step(self, title):
        """The same as a block, which fails by an exception."""
        step = self.begin(title)
        good = False
        try:
            yield step
            good = True
        finally:
            step.end(good)

    def draw(self, text):
        """A line that the next one overwrites; a line of its own where that does not work."""
        if not self.live:
            self.line(text)
            return
        with self._lock:
            self._clear()
            print(text, end="", flush=True)
            self._drawn = True

    def _clear(self):
        if self._drawn:
            print("\r\x1b[K", end="")
            self._drawn = False


class Step:
    """One line that says what is done, for how long, and with what result."""

    def __init__(self, view, title):
        self.title = title
        self.detail = ""
        self._view = view
        self._start = time.monotonic()
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def end(self, good=True):
        self._over.set()
        self._watcher.join()
        mark = self._view.paint("good", "done  ") if good else self._view.paint("bad", "failed")
        self._view.line(f"  {mark}  {self._text()}")

    def _watch(self):
        self._view.draw(f"  ...     {self._text()}")
        while not self._over.wait(LIVE_SECONDS if self._view.live else HEARTBEAT_SECONDS):
            self._view.draw(f"  ...     {self._text()}")

    def _text(self):
        seconds = time.monotonic() - self._start
        room = WIDTH - 36
        detail = self.detail if len(self.detail) <= room else self.detail[:room - 1] + "…"
        return f"{self.title:13} {seconds:6.1f} s  {detail}".rstrip()
