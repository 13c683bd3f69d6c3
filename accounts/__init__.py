"""People, teams, and what a person may do: the lowest of our Django apps. Knows no domain, no pages and no network."""
