"""What a Dockerfile asks for."""

from __future__ import annotations

import pytest

from amlocal.building import dockerfiles

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
    assert "'-r gone.txt'" in steps.skipped[-1]


def test_variables_of_the_last_stage_that_mean_something_here_are_kept() -> None:
    text = (
        'FROM a\nENV LOST=1\nFROM b\nENV A=1 B="two words"\nENV OLD a value\nENV PATH=/x:$PATH HOME=/h C=$A D=/opt/d\n'
    )
    assert dockerfiles.read(text, FILES.get).variables == {"A": "1", "B": "two words", "OLD": "a value"}
