"""Lines for pip, and the files that they name."""

from __future__ import annotations

from pathlib import Path

import pytest

from amlocal.building import code_folders, conda_files, dockerfiles, requirement_files
from amlocal.building.requirement_files import Beside

FILES = {
    "requirements.txt": "six==1.16.0\n-r reqs/more.txt  # and more\n-c limits.txt\n",
    "reqs/more.txt": "-r ../requirements.txt\n-r deepest.txt\ntoolz\n",
    "reqs/deepest.txt": "--extra-index-url https://example.org/simple\ncytoolz ; python_version > '3'\n",
    "limits.txt": "numpy==1.23.5\n-r more-limits.txt\n",
    "more-limits.txt": "scipy<1.10\n",
}
BESIDE = Beside(lambda path: (FILES[path], path) if path in FILES else None)


def test_nested_files_are_read_once_and_from_where_they_lie() -> None:
    found = requirement_files.read(["-r requirements.txt", "joblib"], BESIDE)
    assert found.requirements == [
        "six==1.16.0",
        "--extra-index-url https://example.org/simple",
        "cytoolz ; python_version > '3'",
        "toolz",
        "joblib",
    ]
    assert found.constraints == ["numpy==1.23.5", "scipy<1.10"]
    assert found.skipped == []


@pytest.mark.parametrize(
    "line",
    [
        "-r requirements.txt",
        "-rrequirements.txt",
        "-r=requirements.txt",
        "--requirement requirements.txt",
        "--requirement=requirements.txt",
        "-r file:requirements.txt",
        "-r './requirements.txt'",
    ],
)
def test_every_spelling_of_a_file_is_understood(line: str) -> None:
    assert "six==1.16.0" in requirement_files.read([line], BESIDE).requirements
    alone = requirement_files.read([line])
    assert alone.requirements == []
    assert alone.skipped == [f"'{line}' was left out: there is no such file where the environment is built."]


@pytest.mark.parametrize(
    "line",
    [
        "-c constraints.txt",
        "--constraint=constraints.txt",
        "-e .",
        "-e ./src/package",
        "--editable ../other[extra]",
        "-e /home/me/package",
        ".",
        "./wheels/a-1.0-py3-none-any.whl",
        "wheels/a-1.0-py3-none-any.whl",
        "a-1.0.tar.gz",
        "~/package",
        "file:///home/me/package",
        "a @ file:///home/me/a",
        "$MORE",
        "-f wheels",
        "--find-links ./wheels",
    ],
)
def test_what_lies_on_the_authors_machine_is_left_out_by_name(line: str) -> None:
    found = requirement_files.read([line, "six"])
    assert found.requirements == ["six"]
    assert len(found.skipped) == 1
    assert f"'{line}'" in found.skipped[0]


@pytest.mark.parametrize(
    ("line", "requirement"),
    [
        ("-e git+https://example.org/a/b.git@main#egg=b", "b @ git+https://example.org/a/b.git@main"),
        ("-e git+https://example.org/a/b.git", "git+https://example.org/a/b.git"),
        ("git+ssh://git@example.org/a/b.git", "git+ssh://git@example.org/a/b.git"),
        ("b @ https://example.org/b-1.0-py3-none-any.whl", "b @ https://example.org/b-1.0-py3-none-any.whl"),
        ("https://example.org/b-1.0.zip", "https://example.org/b-1.0.zip"),
        ("-r https://example.org/requirements.txt", "-r https://example.org/requirements.txt"),
        ("--index-url https://example.org/simple", "--index-url https://example.org/simple"),
        ("-i https://example.org/simple", "-i https://example.org/simple"),
        ("--find-links /wheels", "--find-links /wheels"),
        ("--extra-index-url=https://example.org/simple", "--extra-index-url=https://example.org/simple"),
        ("six==1.16.0 --hash=sha256:abc", "six==1.16.0 --hash=sha256:abc"),
        ("uvicorn[standard]>=0.2; sys_platform != 'win32'", "uvicorn[standard]>=0.2; sys_platform != 'win32'"),
    ],
)
def test_what_pip_gets_elsewhere_stays(line: str, requirement: str) -> None:
    found = requirement_files.read([line])
    assert (found.requirements, found.skipped) == ([requirement], [])


def test_a_conda_file_without_its_requirements_names_the_line() -> None:
    text = "dependencies: [python=3.11, {pip: [-r requirements.txt, six==1.16.0]}]"
    wanted = conda_files.read(text)
    assert wanted.requirements == ("six==1.16.0",)
    assert "'-r requirements.txt' was left out" in wanted.skipped[0]


def test_a_conda_file_may_write_several_lines_in_one() -> None:
    wanted = conda_files.read("dependencies:\n- pip:\n  - |\n    six # why\n    toolz\n  - joblib\n")
    assert wanted.requirements == ("six", "toolz", "joblib")


def test_a_file_of_the_code_is_read_and_told(tmp_path: Path) -> None:
    (tmp_path / "environment").mkdir()
    (tmp_path / "environment" / "requirements.txt").write_text("\ufeffsix\n", encoding="utf-8")
    wanted = conda_files.read("dependencies: [{pip: [-r requirements.txt]}]", code_folders.beside(tmp_path))
    assert wanted.requirements == ("six",)
    assert "'-r requirements.txt' was read from the code" in wanted.skipped[0]
    assert "environment/requirements.txt" in wanted.skipped[0]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "requirements.txt").write_text("toolz\n")
    unclear = conda_files.read("dependencies: [{pip: [-r requirements.txt]}]", code_folders.beside(tmp_path))
    assert unclear.requirements == (), "which of the two is meant, nobody knows"


@pytest.mark.parametrize("path", ["../secret.txt", "/etc/hostname", "link.txt"])
def test_nothing_outside_of_the_code_is_read(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.txt").write_text("six\n")
    code = tmp_path / "code"
    code.mkdir()
    (code / "link.txt").symlink_to(tmp_path / "secret.txt")
    assert requirement_files.read([f"-r {path}"], code_folders.beside(code)).requirements == []


def test_a_dockerfile_has_the_files_of_its_context() -> None:
    step = "RUN pip install -c limits.txt -r requirements.txt . git+https://example.org/x.git\n"
    steps = dockerfiles.read(f"FROM x\n{step}", FILES.get)
    assert steps.requirements[0] == "six==1.16.0"
    assert steps.requirements[-1] == "git+https://example.org/x.git"
    assert steps.constraints == ("numpy==1.23.5", "scipy<1.10")
    assert "'.' was left out" in steps.skipped[-1]


def test_a_conda_file_of_a_context_names_files_beside_it() -> None:
    files = {"env/conda.yml": "dependencies: [{pip: [-r pip.txt]}]", "env/pip.txt": "toolz\n"}
    steps = dockerfiles.read("FROM x\nRUN conda env create -f env/conda.yml\n", files.get)
    assert steps.requirements == ("toolz",)
