"""Read by every Python that a job starts. MLflow 3's autolog makes a "logged model" first, which Azure ML refuses, and
then logs nothing at all: in a job it goes on without the model. `log_model` itself stays refused."""

import functools
import importlib.abc
import importlib.util
import inspect
import os
import sys

MODULE = "mlflow.utils.autologging_utils"
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


@functools.cache
def tell_once():
    print(TOLD, file=sys.stderr)


class Watch(importlib.abc.MetaPathFinder):
    """Waits for the one module of MLflow and changes it as soon as it is there."""

    def find_spec(self, name, path=None, target=None):
        if name != MODULE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and int(sys.modules["mlflow"].version.VERSION.split(".")[0]) >= 3:
            run = spec.loader.exec_module

            def exec_module(module):
                run(module)
                module.autologging_integration = without_models(module.autologging_integration)

            spec.loader.exec_module = exec_module
        return spec


if os.environ.get("MLFLOW_TRACKING_URI", "").startswith("azureml://"):
    sys.meta_path.insert(0, Watch())
