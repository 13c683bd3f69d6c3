"""A local Azure Machine Learning: the REST API that the azure-ai-ml SDK speaks, on one HTTPS port, with real jobs and
real endpoints.

It stands alone: it imports nothing else of this repository. The whole URL surface is the table in `routes.py`.
"""
