"""What some requirements need besides and do not say."""

from __future__ import annotations

import pytest

from amlocal.building import companions


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
