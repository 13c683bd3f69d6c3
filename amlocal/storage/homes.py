"""The HOME of a job or a scoring server: its own and empty, but for the caches of public data that the user's has, as
links. Tokens and settings stay out."""

from __future__ import annotations

from pathlib import Path

# Data sets and weights only: what lies beside them, such as ~/.cache/huggingface/token, is not here.
CACHES = (
    ".keras/datasets",
    ".keras/models",
    "tensorflow_datasets",
    "scikit_learn_data",
    "seaborn-data",
    "nltk_data",
    "gensim-data",
    ".cache/torch/hub",
    ".cache/torch/sentence_transformers",
    ".cache/huggingface/hub",
    ".cache/huggingface/datasets",
    ".fastai/data",
    ".cache/whisper",
)


def make(home: Path) -> None:
    """Makes the folder, or brings an old one up to date."""
    # azureml-core, which older azureml-mlflow brings, writes there and does not make it.
    (home / ".azure").mkdir(parents=True, exist_ok=True)
    for cache in CACHES:
        known, link = Path.home() / cache, home / cache
        if known.is_dir() and not link.is_symlink() and not link.exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(known.resolve())
