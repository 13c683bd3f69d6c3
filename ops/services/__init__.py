"""What a person may ask for: rules, rows, one message to the workers. No network, no Azure, no HTTP."""
