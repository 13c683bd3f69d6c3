"""Lets the rest of `azureml`, such as azureml.mlflow, be found where it is installed."""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
