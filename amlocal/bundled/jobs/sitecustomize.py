"""Read by every Python that a job starts; changes two modules as soon as a program imports them.

MLflow 3's autolog makes a "logged model" first, which Azure ML refuses, and then logs nothing at all: in a job it goes
on without the model. `log_model` itself stays refused. azureml-core, which azureml-mlflow up to 1.42 uploads artifacts
with, takes a storage account for the first part of a host name, and amlocal has it in the path.
"""

import functools
import importlib.abc
import importlib.util
import inspect
import os
import sys
from urllib.parse import urlsplit

TOLD = (
    "amlocal: Azure Machine Learning has no logged models, so MLflow 3's autolog logs no model here. Save it with"
    " save_model and log_artifacts."
)


def without_models(integration):
    """MLflow's decorator of every flavour's autolog(), which then never sees log_models=True."""

    @functools.wraps(integration)
    def named(name):
        def decorate(autolog):
            made = integration(name)(autolog)
            signature = inspect.signature(autolog)
            if "log_models" not in signature.parameters:
                return made

            @functools.wraps(made)
            def call(*args, **kwargs):
                bound = signature.bind_partial(*args, **kwargs)
                bound.arguments["log_models"] = False
                tell_once()
                return made(*bound.args, **bound.kwargs)

            return call

        return decorate

    return named


@functools.lru_cache(maxsize=None)  # noqa: UP033  as Python 3.8 has no functools.cache
def tell_once():
    print(TOLD, file=sys.stderr)


def change_autolog(module):
    if int(sys.modules["mlflow"].version.VERSION.split(".")[0]) >= 3:
        module.autologging_integration = without_models(module.autologging_integration)


def change_upload(module):
    split = module.get_block_blob_service_credentials

    def split_address(url):
        """(signature, account, end of the host name, container, blob), where the account may be a path on a host."""
        parts = urlsplit(url)
        first, _, rest = parts.path.lstrip("/").partition("/")
        if ".blob." not in first:
            return split(url)
        account, _, suffix = first.partition(".blob.")
        container, _, blob = rest.partition("/")
        return parts.query, f"{parts.netloc}/{account}", suffix, container, blob

    module.get_block_blob_service_credentials = split_address


CHANGES = {
    "mlflow.utils.autologging_utils": change_autolog,
    "azureml._file_utils.upload": change_upload,
}


class Watch(importlib.abc.MetaPathFinder):
    """Waits for one module and changes it as soon as it is there."""

    def __init__(self, name, change):
        self.name, self.change = name, change

    def find_spec(self, name, path=None, target=None):
        if name != self.name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None:
            run = spec.loader.exec_module

            def exec_module(module):
                run(module)
                self.change(module)

            spec.loader.exec_module = exec_module
        return spec


if os.environ.get("MLFLOW_TRACKING_URI", "").startswith("azureml://"):
    sys.meta_path[:0] = [Watch(name, change) for name, change in CHANGES.items()]
