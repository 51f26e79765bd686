"""What the demo says: numbered steps, progress bars, shares beside their plan. Everything goes to stderr, so that
stdout holds nothing but the figures."""

from __future__ import annotations

import shutil
import sys
import time

_BAR = 28


class Screen:
    """Prints the story. On a terminal bars redraw themselves; elsewhere one line for each finished step remains."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._step = 0
        self._drawn = 0.0
        self._live = sys.stderr.isatty()
        self._started = time.monotonic()

    def title(self, text: str) -> None:
        """The first lines."""
        self._print(f"\n{self._bold('Ferry · 渡口')}  {text}\n")

    def step(self, text: str, link: str = "") -> None:
        """The next step, and where it can be watched."""
        self._step += 1
        self._print(f"\n{self._bold(f'[{self._step}/{self._steps}]')} {text}")
        if link:
            self.link(link)

    def say(self, text: str) -> None:
        """A line that belongs to the step."""
        self._print(f"      {text}")

    def link(self, text: str) -> None:
        """Where to look."""
        self._print(f"      → {self._colour(text, 36)}")

    def progress(self, text: str, done: int, total: int) -> None:
        """A bar; at most ten times a second, and always when it is full."""
        now = time.monotonic()
        if done < total and (not self._live or now - self._drawn < 0.1):
            return
        self._drawn = now
        filled = _BAR * done // total if total else _BAR
        line = f"      {self._colour('█' * filled, 32)}{'░' * (_BAR - filled)} {done:>5}/{total} {text}"
        sys.stderr.write(f"\r{line}\033[K" if self._live else line)
        if done >= total:
            sys.stderr.write("\n")
        sys.stderr.flush()

    def share(self, name: str, plan: float, measured: float, devices: int) -> None:
        """One version's share of the devices: planned beside measured, in percent."""
        bar = "█" * round(measured * _BAR / 100)
        self._print(f"      {name:<7} plan {plan:6.2f} %   measured {measured:6.2f} %  {devices:>5}  {bar}")

    def now(self, text: str) -> None:
        """A line that replaces itself; for what goes on until Ctrl-C. Without a terminal nothing is printed."""
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"\r{text[:width]}\033[K")
            sys.stderr.flush()

    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._started

    def _print(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def _bold(self, text: str) -> str:
        return self._colour(text, 1)

    def _colour(self, text: str, code: int) -> str:
        return f"\033[{code}m{text}\033[0m" if self._live and text else text
