"""What is made of requirements before they are installed: what some need besides, what is next to a pin,
what a Dockerfile asks for."""

from __future__ import annotations

import pytest

from amlocal.building import companions, dockerfiles, pins


@pytest.mark.parametrize(
    ("requirements", "is_old"),
    [
        (["scikit-learn==1.2.2", "numpy"], True),
        (["scikit_learn==1.2.2.*"], True),
        (["pandas[xml]==2.2.1 ; python_version > '3'"], True),
        (["scipy~=1.10.0"], True),
        (["pandas<2"], True),
        (["scikit-learn==1.5.2"], False),
        (["pandas<3", "scipy"], False),
        (["scikit-learn>=1.2"], False),
        (["pandas==1.5.3", "numpy==1.23.5"], False),
        (["pandas==1.5.3", "numpy>=2"], False),
        (["unheard-of==0.1", "--index-url https://example.org"], False),
    ],
)
def test_old_compiled_releases_get_numpy_1(requirements: list[str], is_old: bool) -> None:
    assert [line for line, _ in companions.find(requirements, "3.11.4")] == (["numpy<2"] if is_old else [])


def test_numpy_1_is_not_asked_for_where_it_cannot_be_had() -> None:
    assert companions.find(["xgboost==1.7.2"], "3.13.0") == []


@pytest.mark.parametrize(
    ("requirements", "besides"),
    [
        (["tensorboard==2.16.2"], ["setuptools<81"]),
        (["azureml-core"], ["setuptools<81"]),
        (["mlflow==2.3.1", "setuptools==65.5.1"], []),
        (["mlflow"], ["mlflow<3"]),
        (["mlflow>=3"], []),
        (["scikit-learn==1.1.3", "scikit-learn-intelex"], ["scikit-learn-intelex<2024", "numpy<2"]),
        (["scikit-learn==1.5.2", "scikit-learn-intelex"], []),
        (["azureml-mlflow", "scikit-learn"], ["pandas<3", "mlflow-skinny<3"]),
        (["mlflow-skinny==2.3.2"], ["setuptools<81", "pandas<3", "numpy<2"]),
        (["azureml-mlflow", "mlflow==3.1"], []),
        (["mlflow-skinny<3", "pandas==2.3.0"], []),
    ],
)
def test_what_packages_do_not_say_that_they_need_comes_besides(requirements: list[str], besides: list[str]) -> None:
    assert [line for line, _ in companions.find(requirements, "3.12.1")] == besides


VERSIONS = ["2.0.1", "2.0", "1.5.3", "1.5.10", "1.5.2", "1.6.0rc1", "1.0"]


@pytest.mark.parametrize(
    ("line", "near", "same_major"),
    [
        ("pandas==1.2.1", "pandas==1.5.10", "pandas>=1.2.1,<2"),
        ("pandas==1.2.*", "pandas==1.5.10", "pandas>=1.2,<2"),
        ("pandas>=1.1,<1.2", "pandas==1.5.10", "pandas>=1.1,<1.2"),
        ("pandas==1.5.10", "pandas==2.0.1", "pandas>=1.5.10,<2"),
        ("pandas[x]~=1.1 ; os_name=='nt'", "pandas[x]==1.5.10 ; os_name=='nt'", "pandas[x]>=1.1,<2 ; os_name=='nt'"),
        ("pandas==9.9", "pandas", "pandas>=9.9,<10"),
    ],
)
def test_a_pin_that_cannot_be_had_becomes_what_is_next_to_it(line: str, near: str, same_major: str) -> None:
    pin = pins.read(line)
    assert pin is not None
    assert pin.other(pins.next_release(pin, VERSIONS)) == near
    assert pin.other(pins.same_major(pin)) == same_major


@pytest.mark.parametrize(
    ("line", "today"),
    [("tensorflow-gpu==2.2.0", "tensorflow==2.2.0"), ("sklearn", "scikit-learn"), ("sklearn-extra", ""), ("-r x", "")],
)
def test_a_name_that_was_given_up_becomes_todays(line: str, today: str) -> None:
    assert pins.renamed(line) == today


@pytest.mark.parametrize("line", ["pandas", "--find-links ./here", "tiny @ https://example.org/x==1.whl"])
def test_what_says_no_version_is_no_pin(line: str) -> None:
    assert pins.read(line) is None


FILES = {
    "requirements.txt": "numpy==1.22\n# a comment\npandas\n",
    "conda.yaml": "dependencies: [python=3.9, scikit-learn=1.2, {pip: [joblib]}]",
}


@pytest.mark.parametrize(
    ("step", "requirements"),
    [
        ("RUN pip install -r requirements.txt && rm requirements.txt", ("numpy==1.22", "pandas")),
        ("RUN pip3 install -U pip 'mlflow>=2' \\\n    # why\n    azureml-mlflow", ("mlflow>=2", "azureml-mlflow")),
        ("RUN python -m pip install --extra-index-url https://a.org b", ("--extra-index-url https://a.org", "b")),
        ("RUN conda env update -n amlenv --file /tmp/conda.yaml", ("scikit-learn==1.2.*", "joblib")),
        ("RUN conda run -p /envs/x pip install 'a[b]==1' ./local $MORE", ("a[b]==1",)),
        ("RUN apt-get install -y python3-pip && echo pip install nothing", ()),
        ("COPY requirements.txt .", ()),
    ],
)
def test_a_dockerfile_is_read_for_what_it_installs(step: str, requirements: tuple[str, ...]) -> None:
    steps = dockerfiles.read(f"# first\nFROM --platform=linux/amd64 python:3.9 AS x\n{step}\nCMD bash\n", FILES.get)
    assert (steps.image, steps.requirements) == ("python:3.9", requirements)


def test_the_last_stage_and_its_python_count_and_what_is_missing_is_told() -> None:
    text = "FROM a\nFROM b:1\nRUN conda env create -f conda.yaml\nRUN pip install -r gone.txt\n"
    steps = dockerfiles.read(text, FILES.get)
    assert (steps.image, steps.python) == ("b:1", "3.9")
    assert "'gone.txt'" in steps.skipped[-1]
