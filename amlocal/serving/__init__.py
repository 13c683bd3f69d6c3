"""Online endpoints, their deployments, the servers behind them, the scoring URL."""
