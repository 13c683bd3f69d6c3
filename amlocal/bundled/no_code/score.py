"""The scoring script of an MLflow model that is deployed without code: whatever flavour it has, asked through pyfunc.
It runs in the deployment's own Python; amlocal never imports it."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import mlflow.pyfunc
import mlflow_swagger
import numpy
import pandas
from azureml_inference_server_http.api.aml_response import AMLResponse

# What a body may be called, by who wrote the client: Azure ML first, then MLflow's own server.
KEYS = ("input_data", "dataframe_split", "dataframe_records", "instances", "inputs")
log = logging.getLogger("amlocal.no_code")


def init():
    global model
    folder = min(Path(os.environ["AZUREML_MODEL_DIR"]).rglob("MLmodel"), key=lambda file: len(file.parts)).parent
    model = mlflow.pyfunc.load_model(str(folder))
    tell(model.metadata.signature)
    log.info("Model of flavours %s is loaded", ", ".join(model.metadata.flavors))


def tell(signature):
    """A signature that cannot be told as OpenAPI is no reason not to serve."""
    try:
        mlflow_swagger.write(os.environ["AML_APP_ROOT"], signature)
    except Exception:
        log.warning("The signature could not be written as swagger.json", exc_info=True)


def run(raw_data):
    asked = json.loads(raw_data)
    if not isinstance(asked, dict) or not any(key in asked for key in KEYS):
        raise ValueError(f"The body must be a JSON object with one of {', '.join(KEYS)}.")
    key = next(key for key in KEYS if key in asked)
    params = {"params": asked["params"]} if asked.get("params") else {}
    told = os.environ.get("AMLOCAL_WARNINGS")
    try:
        return to_jsonable(model.predict(to_input(key, asked[key]), **params))
    except Exception as exc:
        if not told:
            raise
        # Else the caller sees that the model failed, and what may be to blame stands in a log only.
        log.exception("The model failed. %s", told)
        return AMLResponse({"message": f"{type(exc).__name__}: {exc}", "warnings": told}, 500, json_str=True)


def to_input(key, value):
    """A table, a tensor or named tensors, in the types that the model's signature asks for."""
    schema = model.metadata.get_input_schema()
    if isinstance(value, dict) and "data" in value and (key == "dataframe_split" or "columns" in value):
        return to_table(pandas.DataFrame(value["data"], columns=value.get("columns"), index=value.get("index")), schema)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return to_table(pandas.DataFrame.from_records(value), schema)
    if isinstance(value, dict):
        return {name: numpy.asarray(part) for name, part in value.items()}
    if schema is not None and schema.is_tensor_spec():
        return numpy.asarray(value, dtype=schema.numpy_types()[0])
    if schema is not None and schema.has_input_names() and numpy.ndim(value) == 2:
        return to_table(pandas.DataFrame(value, columns=schema.input_names()), schema)
    return numpy.asarray(value)


def to_table(table, schema):
    """JSON knows no difference between 1 and 1.0, and a signature does."""
    if schema is None or schema.is_tensor_spec() or not schema.has_input_names():
        return table
    for name, kind in zip(schema.input_names(), schema.pandas_types(), strict=True):
        if name in table.columns and not isinstance(table[name].iloc[:1].squeeze(), (list, dict)):
            table[name] = table[name].astype(kind)
    return table


def to_jsonable(answer):
    if isinstance(answer, pandas.DataFrame):
        return answer.to_dict(orient="records")
    if isinstance(answer, pandas.Series):
        return answer.to_list()
    if isinstance(answer, dict):
        return {name: to_jsonable(part) for name, part in answer.items()}
    if isinstance(answer, (list, tuple)):
        return [to_jsonable(part) for part in answer]
    return answer.tolist() if hasattr(answer, "tolist") else answer
