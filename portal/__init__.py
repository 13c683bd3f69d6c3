"""The Django project and the web app: what the browser touches. What happens to models in Azure lives in ``ops``."""
