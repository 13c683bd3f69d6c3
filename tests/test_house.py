"""The promises of the house, kept by a test each: sizes, names, layers, messages, settings, no hosts in lock files."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from portal import env

ROOT = Path(__file__).resolve().parent.parent
LINES_AT_MOST = 300
FUNCTION_AT_MOST = 50
VIEW_AT_MOST = 25
TASK_AT_MOST = 6
# Of what people read besides Python, whose 120 columns ruff measures.
COLUMNS_AT_MOST = 140
MEASURED = {".html", ".css", ".js", ".mjs"}
# Declared tables: long lists of rows, no logic.
TABLES = {"ops/message_catalog.py", "amlocal/routes.py"}
# Files whose literals of the form area:word are no codes that are raised.
NO_RAISING = {"message_catalog.py", "messages.py", "urls.py"}
CODE = re.compile(r"[a-z]+:[a-z_]+")
CODE_TEXT = re.compile(r'"((?:ops|phase|run|version|workspace|deployment|endpoint|traffic|azure):[a-z_]+)"')
FORBIDDEN_NAMES = re.compile(r"(Manager|Helper|Util|Utils|Handler|Base)$")
OURS = ("launch", "portal", "ops", "scoring", "accounts", "amlocal", "recipes")
# Packages whose tests stand at the path of what they test; whole flows are in a folder of their own.
MIRRORED = ("accounts", "amlocal", "launch", "ops", "portal", "scoring")
SCENARIOS = "scenarios"


def files(*folders: str) -> list[Path]:
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    return [ROOT / name for name in tracked if name and (ROOT / name).is_file()]


def sources() -> list[Path]:
    return [path for path in files(*OURS) if path.suffix == ".py" and "migrations" not in path.parts]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]


def length(node: ast.FunctionDef) -> int:
    return (node.end_lineno or 0) - node.lineno + 1


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_a_file_stays_small_explains_itself_and_has_honest_names(path):
    text = path.read_text()
    if name_of(path) not in TABLES:
        assert text.count("\n") <= LINES_AT_MOST
    tree = ast.parse(text)
    if text.strip():
        docstring = ast.get_docstring(tree)
        assert docstring, "no module docstring"
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            assert not FORBIDDEN_NAMES.search(node.name), node.name
        if isinstance(node, ast.FunctionDef):
            assert length(node) <= FUNCTION_AT_MOST, f"{node.name}: {length(node)} lines"


@pytest.mark.parametrize("path", [p for p in files() if p.suffix in MEASURED], ids=name_of)
def test_no_line_is_wider_than_a_screen(path):
    lines = enumerate(path.read_text().splitlines(), start=1)
    assert not [number for number, line in lines if len(line) > COLUMNS_AT_MOST]


@pytest.mark.parametrize("path", [p for p in sources() if p.parent == ROOT / "portal" / "views"], ids=name_of)
def test_a_view_stays_short(path):
    long = [f"{node.name}: {length(node)}" for node in functions(path) if length(node) > VIEW_AT_MOST]
    assert not long


def test_a_task_stays_shorter():
    path = ROOT / "ops" / "tasks.py"
    tasks = [node for node in functions(path) if node.decorator_list]
    assert tasks
    assert not [f"{node.name}: {length(node)}" for node in tasks if length(node) > TASK_AT_MOST]


def test_the_layers_hold():
    result = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout[-3000:]


def test_the_web_process_loads_no_azure_and_no_tensorflow(tmp_path):
    program = (
        "import sys; import portal.wsgi; from django.urls import get_resolver; get_resolver().url_patterns;"
        "heavy = ('azure.ai.ml', 'tensorflow', 'ops.azure', 'ops.flows', 'ops.engine', 'ops.mirror', 'amlocal');"
        "print([name for name in heavy if name in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "PORTAL_HOME": str(tmp_path)},
    )
    assert answer.stdout.strip() == "[]", answer.stderr[-2000:]


def test_the_pure_scoring_library_loads_no_django():
    program = (
        "import sys; import scoring.kinds, scoring.client;"
        "heavy = {'django', 'celery', 'azure', 'ops', 'portal'};"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & heavy))"
    )
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert answer.stdout.strip() == "[]", answer.stderr[-2000:]


def _codes_raised() -> dict[str, str]:
    """Every literal ``area:word`` code in the domain, with the file it stands in."""
    codes = {}
    for path in files("ops", "scoring/services", "portal", "accounts"):
        if path.suffix != ".py" or path.name in NO_RAISING or "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                raised = getattr(node.func, "id", getattr(node.func, "attr", ""))
                code = node.args[0].value
                if raised[:1].isupper() and isinstance(code, str) and CODE.fullmatch(code):
                    codes[code] = name_of(path)
        if {"flows", "engine", "mirror"} & set(path.parts):
            codes |= {code: name_of(path) for code in CODE_TEXT.findall(path.read_text())}
    return codes


def test_every_code_that_is_raised_has_its_texts():
    from ops.messages import TEXTS

    missing = {code: where for code, where in _codes_raised().items() if code not in TEXTS}
    assert not missing


def test_every_scoring_code_has_its_texts():
    from ops.messages import text_of
    from scoring import errors, kinds

    refusals = [one for one in errors.InputRefused.__subclasses__() if one.__module__.startswith("scoring.")]
    assert refusals
    codes = errors.SpecRefused.codes | errors.EndpointAnswer.codes
    codes |= frozenset().union(*(refusal.codes for refusal in refusals))
    codes |= {kind.MISSING for kind in kinds.KINDS.values()}
    assert not [code for code in codes if not text_of(f"scoring:{code}")]


def test_every_text_can_be_filled_and_says_something():
    from ops import messages
    from scoring.kinds import KINDS

    of_kinds = {f"scoring:{code}" for kind in KINDS.values() for code in kind.TEXTS}
    for code in messages.TEXTS.keys() | of_kinds:
        explanation = messages.of(code, {})
        assert explanation.title, code
        assert explanation.sentence.endswith((".", ":", "–", ")", "}")), (code, explanation.sentence)


def test_every_step_of_every_flow_has_a_label():
    from ops import messages
    from ops.engine.registry import FLOWS
    from ops.flows import catalogue

    catalogue.register_all()

    declared = {kind: [step.name for step in flow.steps] for kind, flow in FLOWS.items()}
    assert {kind: list(steps) for kind, steps in messages.STEPS.items()} == declared


def test_every_setting_is_documented_and_none_invented():
    documented = set(re.findall(r"`((?:PORTAL_|DATABASE_|REDIS_)[A-Z_]+)`", (ROOT / "docs/settings.md").read_text()))
    example = set(re.findall(r"^#?\s?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert set(env.VARIABLES) <= documented
    assert set(env.VARIABLES) <= example


def test_only_env_reads_the_environment():
    """Others take their settings from ``portal.settings``; programs that start processes hand an environment on."""
    allowed = {"portal/env.py", "portal/wsgi.py", "portal/celery.py", "manage.py"}
    starters = ("launch/setup/", "launch/supervisor/", "launch/demo/")
    for path in files("launch", "portal", "ops", "scoring", "accounts"):
        name = name_of(path)
        if path.suffix != ".py" or name in allowed or name.startswith((*starters, "ops/azure/", "scoring/entry/")):
            continue
        assert "os.environ" not in path.read_text(), name


def test_lock_files_name_no_host():
    for path in files("requirements"):
        assert "://" not in path.read_text(), path.name
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()


def test_each_noun_has_its_view_templates_and_tests():
    from portal.urls import urlpatterns

    nouns = {entry.namespace for entry in urlpatterns if getattr(entry, "namespace", None)}
    assert {"home", "accounts", "teams", "workspaces", "jobs", "models", "endpoints", "predict", "operations"} <= nouns
    for noun in nouns - {"api-v1"}:
        assert (ROOT / f"portal/views/{noun}.py").is_file(), noun
        assert (ROOT / f"templates/{noun}").is_dir(), noun
        assert (ROOT / f"tests/portal/views/test_{noun}.py").is_file(), noun
        # People and their passwords are for pages only.
        if noun != "accounts":
            assert (ROOT / f"portal/api/{noun}.py").is_file(), noun
            assert (ROOT / f"tests/portal/api/test_{noun}.py").is_file(), noun


def test_no_third_party_code_and_no_data_is_committed():
    names = [name_of(path) for path in files()]
    assert not [name for name in names if "node_modules" in name or name.endswith((".h5", ".keras", ".gz", ".min.js"))]
    assert not [name for name in names if (ROOT / name).stat().st_size > 1_000_000]


def module_tests() -> list[Path]:
    found = [path for package in MIRRORED for path in files(f"tests/{package}")]
    return [path for path in found if path.match("test_*.py") and SCENARIOS not in path.parts]


@pytest.mark.parametrize("path", module_tests(), ids=name_of)
def test_a_test_stands_where_its_code_stands(path):
    """tests/amlocal/arm/test_quotas.py ↔ amlocal/arm/quotas.py, or a folder of that name."""
    code = ROOT / path.relative_to(ROOT / "tests").with_name(path.name.removeprefix("test_"))
    assert code.is_file() or code.with_suffix("").is_dir(), f"there is no {name_of(code)}"
