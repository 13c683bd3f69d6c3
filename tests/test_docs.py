"""What documents and small files of the repository promise: paths that exist, quotes that are true, hooks that run."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BEHAVIOURS_AT_LEAST = 40
# A word in code marks with a slash in it, such as `ops/queue.py` or `ops/queue.py::send`.
PATH = re.compile(r"`([\w./-]+/[\w./-]*\w)(?:::(\w+))?`")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
QUOTE = re.compile(r"From `([^`]+)`|```python\n(.*?)```", re.S)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def behaviours() -> list[str]:
    """The rows of the table "behaviour → file", without the headings inside it."""
    part = (ROOT / "docs/architecture.md").read_text().partition("## Where to find what")[2]
    return [line for line in part.splitlines() if re.match(r"\| [^*]", line) and "| behaviour |" not in line]


def names_in(path: Path) -> set[str]:
    """What a module defines at its top level."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def test_the_table_of_behaviours_has_something_to_say():
    assert len(behaviours()) >= BEHAVIOURS_AT_LEAST


@pytest.mark.parametrize("row", behaviours())
def test_a_behaviour_leads_to_a_file_that_has_it(row):
    places = PATH.findall(row)
    assert places, "no path"
    for path, name in places:
        assert (ROOT / path).exists(), path
        assert not name or name in names_in(ROOT / path), f"{path} has no {name}"


@pytest.mark.parametrize("document", ["SECURITY.md", "docs/decisions/0001-the-database-is-the-timer.md"])
def test_the_code_that_a_document_names_is_there(document):
    paths = [path for path, _ in PATH.findall((ROOT / document).read_text()) if not path.startswith("PORTAL_HOME")]
    assert paths
    assert not [path for path in paths if not (ROOT / path).exists()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_a_link_inside_the_repository_leads_somewhere(document):
    links = [link.partition("#")[0] for link in LINK.findall(document.read_text()) if "://" not in link]
    assert not [link for link in links if link and not (document.parent / link).exists()]


def test_what_is_quoted_as_an_example_stands_in_the_code():
    source, quotes = "", 0
    for path, code in QUOTE.findall((ROOT / "CONTRIBUTING.md").read_text()):
        if path:
            source = (ROOT / path).read_text()
        else:
            quotes += 1
            assert code in source
    assert quotes >= 3


def test_every_decision_is_in_the_index():
    folder = ROOT / "docs/decisions"
    index = (folder / "README.md").read_text()
    pages = [path for path in folder.glob("*.md") if path.name != "README.md"]
    assert len(pages) >= 3
    for page in pages:
        assert f"({page.name})" in index
        headings = re.findall(r"^## (.*)$", page.read_text(), re.M)
        assert headings == ["Context", "Decision", "Consequences"], page.name


def test_the_licence_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = (ROOT / "LICENSE").read_text()
    assert text.startswith("MIT License\n")
    assert project["license"] == "MIT"
    assert [author["name"] in text for author in project["authors"]] == [True]
    assert all((ROOT / name).is_file() for name in project["license-files"])


def test_hooks_before_a_commit_are_local_and_use_our_own_tools():
    settings = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert [repository["repo"] for repository in settings["repos"]] == ["local"]
    hooks = settings["repos"][0]["hooks"]
    assert {"ruff", "formatting", "mypy"} <= {hook["id"] for hook in hooks}
    for hook in hooks:
        assert {"id", "name", "entry", "language"} <= hook.keys(), hook
        assert hook["language"] == "system"
        program, *words = hook["entry"].split()
        assert (ROOT / program).exists(), program
        if words[:1] == ["-m"]:
            assert (ROOT / words[1].replace(".", "/")).with_suffix(".py").is_file()
        assert {"types_or", "files"} & hook.keys(), "a hook runs for the files that it is about"
        re.compile(hook.get("files", ""))
