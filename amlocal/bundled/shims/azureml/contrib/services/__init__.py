"""The old name of azureml_inference_server_http.api, which older scoring scripts import."""
