"""Puts a path into a command of the shell so that it stays one word, however the command's author quoted its place."""

from __future__ import annotations

import shlex

PLAIN, SINGLE, DOUBLE = "plain", "single", "double"


class Quoting:
    """Where in the shell's quoting a command stands, as far as it was read. `$(…)` begins anew inside of quotes. What
    is not followed: comments and here-documents."""

    def __init__(self) -> None:
        self._inside = [PLAIN]

    def read(self, text: str) -> None:
        """Goes on behind `text`."""
        letters = iter(text)
        before = ""
        for letter in letters:
            if self._inside[-1] == SINGLE:
                if letter == "'":
                    self._inside.pop()
            elif letter == "\\":
                next(letters, "")
            elif letter == '"':
                self._toggle_double()
            elif letter == "'" and self._inside[-1] == PLAIN:
                self._inside.append(SINGLE)
            elif letter == "(" and (before == "$" or self._inside[-1] == PLAIN):
                self._inside.append(PLAIN)
            elif letter == ")" and self._inside[-1] == PLAIN and len(self._inside) > 1:
                self._inside.pop()
            before = letter

    def quote(self, path: str) -> str:
        """The path as it is written here; as it is where nothing in it means anything to the shell."""
        if self._inside[-1] == SINGLE:
            return path.replace("'", "'\\''")
        if self._inside[-1] == DOUBLE:
            return "".join(f"\\{letter}" if letter in '\\"$`' else letter for letter in path)
        return shlex.quote(path)

    def _toggle_double(self) -> None:
        if self._inside[-1] == DOUBLE:
            self._inside.pop()
        else:
            self._inside.append(DOUBLE)
