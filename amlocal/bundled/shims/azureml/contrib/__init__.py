"""Lets the rest of `azureml.contrib` be found where it is installed."""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
