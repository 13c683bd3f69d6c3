"""Finds the forms of an HTML page with the values a browser would send back. Knows nothing of HTTP."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

IGNORED_INPUTS = {"submit", "button", "reset", "image"}


@dataclass
class Form:
    """``action`` as written in the page; ``fields`` with what is filled in; ``choices`` of each select."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)


def find(html: str) -> list[Form]:
    """All forms of the page, in order."""
    reader = _Reader()
    reader.feed(html)
    return reader.forms


def errors(html: str) -> list[str]:
    """The sentences of the page that say what is wrong, in order."""
    reader = _ErrorReader()
    reader.feed(html)
    return [text for text in (" ".join(words.split()) for words in reader.found) if text]


class _ErrorReader(HTMLParser):
    """Collects the text of each paragraph of the class form-error."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "p" and "form-error" in (dict(attrs).get("class") or "").split():
            self.is_inside = True
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        self.is_inside = self.is_inside and tag != "p"

    def handle_data(self, data: str) -> None:
        if self.is_inside:
            self.found[-1] += data


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.form: Form | None = None
        self.select = ""
        self.textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.form = Form(values.get("action", ""), values.get("method", "get").lower())
            self.forms.append(self.form)
        elif self.form is None:
            return
        elif tag == "input":
            self._input(self.form, values, {name for name, _ in attrs})
        elif tag == "select":
            self.select = values.get("name", "")
            self.form.choices[self.select] = []
        elif tag == "option" and self.select:
            self._option(self.form, values, "selected" in values)
        elif tag == "textarea":
            self.textarea = values.get("name", "")
            self.form.fields[self.textarea] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "select":
            self.select = ""
        elif tag == "textarea":
            self.textarea = ""

    def handle_data(self, data: str) -> None:
        if self.form is not None and self.textarea:
            self.form.fields[self.textarea] += data.removeprefix("\n")

    def _input(self, form: Form, values: dict[str, str], given: set[str]) -> None:
        name, kind = values.get("name", ""), values.get("type", "text")
        if kind == "file":
            form.files.add(name)
        elif kind in ("checkbox", "radio"):
            if "checked" in given:
                form.fields[name] = values.get("value", "on")
        elif name and kind not in IGNORED_INPUTS:
            form.fields[name] = values.get("value", "")

    def _option(self, form: Form, values: dict[str, str], is_selected: bool) -> None:
        value = values.get("value", "")
        form.choices[self.select].append(value)
        if is_selected or self.select not in form.fields:
            form.fields[self.select] = value
