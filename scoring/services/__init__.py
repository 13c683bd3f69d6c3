"""What a person may ask of a live endpoint, with the history it leaves."""
