"""What conda packages are called on PyPI: a declared table. A package that is in neither list is told as skipped."""

from __future__ import annotations

# Conda's own tools and compilers: a venv has them or needs none.
TOOLS = frozenset({"pip", "python", "setuptools", "wheel", "conda", "ca-certificates", "certifi", "openssl"})

OTHER_NAMES = {
    "dask-core": "dask",
    "matplotlib-base": "matplotlib",
    "msgpack-python": "msgpack",
    "opencv": "opencv-python-headless",
    "py-lightgbm": "lightgbm",
    "py-opencv": "opencv-python-headless",
    "py-xgboost": "xgboost",
    "py-xgboost-cpu": "xgboost",
    "pytables": "tables",
    "python-graphviz": "graphviz",
    "pytorch": "torch",
    "pytorch-cpu": "torch",
    "ruamel_yaml": "ruamel.yaml",
    "tensorflow-base": "tensorflow",
    "tensorflow-gpu": "tensorflow",
    "tensorflow-mkl": "tensorflow",
    "yaml": "pyyaml",
}

_SAME = """
    absl-py aiohttp altair azure-identity azure-storage-blob azureml-core azureml-defaults azureml-mlflow
    beautifulsoup4 black bokeh boto3 catboost click cloudpickle cryptography cython dask datasets dill fastapi flask
    fsspec gensim h5py httpx huggingface_hub huggingface-hub hyperopt imageio imbalanced-learn inference-schema
    ipykernel ipython jax jinja2 joblib jsonschema keras librosa lightgbm lightning lxml matplotlib mlflow
    mlflow-skinny networkx nltk notebook numba numpy onnx onnxruntime openpyxl opencv-python optuna packaging pandas
    pandas-profiling pillow plotly polars prophet protobuf psutil py4j pyarrow pydantic pyjwt pyodbc pyspark pytest
    pytorch-lightning python-dateutil python-dotenv pytz pywavelets pyyaml regex requests s3fs scikit-image
    scikit-learn scipy seaborn sentencepiece sentence-transformers shap six spacy sqlalchemy statsmodels sympy
    tensorboard tensorflow tensorflow-cpu threadpoolctl tifffile tokenizers torchaudio torchmetrics torchvision tqdm
    transformers typing-extensions typing_extensions ujson urllib3 uvicorn xgboost xlrd
"""
SAME_NAMES = frozenset(_SAME.split())


def on_pypi(package: str) -> str:
    """The name on PyPI; "" when it is not known to be there."""
    return OTHER_NAMES.get(package) or (package if package in SAME_NAMES else "")
