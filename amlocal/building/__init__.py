"""Real Python environments, made from what an environment asks for."""
