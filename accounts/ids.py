"""Opaque ids for URLs: 10 characters without look-alikes, about 49 bits."""

import secrets

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def new_public_id() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(10))
