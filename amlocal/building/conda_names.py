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
    absl-py accelerate adal adlfs aiofiles aiohttp altair anyio argon2-cffi arrow attrs azure-ai-ml azure-common
    azure-core azure-cosmos azure-functions azure-identity azure-keyvault-secrets azure-mgmt-core azure-storage-blob
    azure-storage-file-datalake azureml-contrib-services azureml-core azureml-dataprep azureml-dataset-runtime
    azureml-defaults azureml-mlflow azureml-telemetry babel beautifulsoup4 biopython black bokeh boto3 bottleneck
    branca cachetools cartopy catboost category-encoders category_encoders cffi charset-normalizer click cloudpickle
    colorama contextily cryptography cvxpy cycler cython cytoolz dash dask dask-ml databricks-sdk datasets deprecated
    diffusers dill distributed docker docopt duckdb einops evaluate fastapi fastparquet filelock fiona flask folium
    fs-gcsfs fsspec ftfy gcsfs gensim geopandas gitpython google-cloud-storage great-expectations greenlet gunicorn
    h5py hdbscan html5lib httpx huggingface-hub huggingface_hub hydra-core hyperopt idna imageio imbalanced-learn
    importlib-metadata inference-schema ipykernel ipython ipywidgets isodate itsdangerous jax jinja2 joblib jsonpickle
    jsonschema jupyter jupyter-server-proxy jupyter_client jupyter_core jupyterlab keras kiwisolver langchain librosa
    lightgbm lightning lime llvmlite lxml lz4 mako markdown markupsafe marshmallow matplotlib mlflow mlflow-skinny
    mltable mock more-itertools msal mypy nbconvert nbformat netcdf4 networkx nltk notebook numba numexpr numpy
    oauthlib omegaconf onnx onnxruntime openai opencv-python openpyxl optuna orjson packaging pandas pandas-datareader
    pandas-profiling papermill partd pathlib2 patsy pendulum pexpect pillow pip-tools plotly pluggy polars portalocker
    pre-commit prophet protobuf psutil py4j pyarrow pycocotools pycryptodome pydantic pydeck pydot pygments pyjwt
    pymongo pymysql pyodbc pyopenssl pyparsing pyproj pyreadstat pyrsistent pysocks pyspark pytest pytest-cov
    python-dateutil python-dotenv python-snappy pytorch-forecasting pytorch-ignite pytorch-lightning pytz pywavelets
    pyyaml pyzmq rasterio regex requests rich ruamel.yaml ruff s3fs sacrebleu sacremoses safetensors scikit-image
    scikit-learn scikit-learn-intelex scikit-optimize scipy seaborn sentence-transformers sentencepiece shap shapely
    simplejson six skops snakeviz sortedcontainers soupsieve spacy sparse sqlalchemy sqlparse starlette statsmodels
    streamlit sympy tabulate tblib tenacity tensorboard tensorflow tensorflow-cpu tensorflow-datasets
    tensorflow-estimator tensorflow-hub tensorflow-probability termcolor textblob tf-keras threadpoolctl tifffile
    tiktoken timm tokenizers toml toolz torchaudio torchmetrics torchvision tornado tqdm traitlets transformers
    tsfresh typer typing-extensions typing_extensions ujson umap-learn unidecode urllib3 uvicorn wandb watchdog
    websocket-client websockets werkzeug wordcloud wrapt xarray xgboost xlrd xlsxwriter xxhash yarl zict zstandard
"""
SAME_NAMES = frozenset(_SAME.split())


def on_pypi(package: str) -> str:
    """The name on PyPI; "" when it is not known to be there."""
    return OTHER_NAMES.get(package) or (package if package in SAME_NAMES else "")
