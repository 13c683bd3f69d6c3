"""How a failed command of set-up reads."""

import sys

import pytest

from launch.console import Problem
from launch.setup import commands


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
