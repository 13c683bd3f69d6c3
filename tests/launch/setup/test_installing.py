"""Set-up: what it says about this machine, when it has nothing to do, and how a failure reads."""

import subprocess
import sys

import pytest

from launch.console import Problem
from launch.setup import browsers, commands, environments, room, stamps, statics


def test_a_stamp_follows_contents_and_not_dates(tmp_path):
    file = tmp_path / "lock.txt"
    file.write_text("a==1")
    first = stamps.digest([file])
    file.touch()
    assert stamps.digest([file]) == first
    file.write_text("a==2")
    assert stamps.digest([file]) != first


def test_a_folder_counts_with_the_files_below_it(tmp_path):
    (tmp_path / "css").mkdir()
    empty = stamps.digest([tmp_path])
    (tmp_path / "css" / "a.css").write_text("a {}")
    assert stamps.digest([tmp_path]) != empty
    stamps.write(tmp_path / "stamps" / "one", "done")
    assert stamps.is_fresh(tmp_path / "stamps" / "one", "done")
    assert not stamps.is_fresh(tmp_path / "stamps" / "one", "other")
    assert not stamps.is_fresh(tmp_path / "stamps" / "none", "done")


def test_a_full_disk_is_told_before_anything_is_fetched(tmp_path):
    with pytest.raises(Problem, match=r"GB free, 1000000.5 GB are needed: free some space"):
        room.check_disk(tmp_path, 1_000_000)


def test_room_is_one_sentence(tmp_path, capsys):
    room.check_disk(tmp_path, 0.001)
    assert "GB free" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("npm error code EINTEGRITY", "not what was locked"),
        ("SSLError: CERTIFICATE_VERIFY_FAILED", "certificate is not trusted"),
        ("Failed to establish a new connection", "was not reached"),
        ("noise\nERROR: something new\nnoise", "ERROR: something new"),
        ("", "It said nothing."),
    ],
)
def test_a_failure_says_the_likely_cause(output, sentence):
    assert sentence in commands.advice(output)


def test_a_failed_command_names_its_log(tmp_path):
    command = [sys.executable, "-c", "raise SystemExit('error: it broke')"]
    with pytest.raises(Problem, match=r"packages failed. error: it broke The whole output is in .*setup.log"):
        commands.run("packages", command, log=tmp_path / "setup.log", directory=tmp_path)


def test_a_command_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(Problem, match="does not start"):
        commands.run("packages", ["/nowhere/npm"], log=tmp_path / "setup.log", directory=tmp_path)


def test_an_environment_is_ready_only_for_the_file_it_was_made_from(tmp_path):
    requirements = tmp_path / "requirements" / "tiny.txt"
    requirements.parent.mkdir()
    requirements.write_text("# nothing\n")
    folder = tmp_path / ".venv"
    assert not environments.is_ready(folder, requirements)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    assert not environments.is_ready(folder, requirements), "it works but holds nothing yet"
    stamps.write(folder / ".portolan-tiny", stamps.digest([requirements]))
    assert environments.is_ready(folder, requirements)
    requirements.write_text("# changed\n")
    assert not environments.is_ready(folder, requirements)


def test_an_environment_whose_python_was_removed_is_not_ready(tmp_path):
    requirements = tmp_path / "tiny.txt"
    requirements.write_text("")
    folder = tmp_path / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    stamps.write(folder / ".portolan-tiny", stamps.digest([requirements]))
    for name in ("python", "python3"):
        (folder / "bin" / name).unlink()
    assert not environments.is_ready(folder, requirements)


def test_this_python_will_do():
    environments.check_python()


def test_browser_packages_are_stale_when_their_lock_changes(tmp_path):
    for name in browsers.BUNDLE:
        (tmp_path / name).write_text("1")
    for inputs in (browsers.PACKAGES, browsers.BUNDLE):
        stamps.write(browsers._stamp(tmp_path, inputs), browsers._digest(tmp_path, inputs))
    assert browsers.is_ready(tmp_path)
    (tmp_path / "package-lock.json").write_text("2")
    assert not browsers.is_ready(tmp_path)


def test_a_catalogue_without_its_compiled_form_is_missing(tmp_path):
    folder = tmp_path / "locale" / "zh_Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    assert statics.are_compiled(tmp_path)
    (folder / "django.po").write_text("")
    assert not statics.are_compiled(tmp_path)
    (folder / "django.mo").write_text("")
    assert statics.are_compiled(tmp_path)
