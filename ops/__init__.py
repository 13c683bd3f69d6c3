"""The domain: what happens to models in Azure. Knows nothing of the web site in ``portal``."""
