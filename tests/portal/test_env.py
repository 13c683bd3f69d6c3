"""The database's address: any password, written as it is or percent-encoded."""

import pytest

from portal import env


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://me:secret@db:5432/portal", ("me", "secret", "db", "5432", "portal")),
        ("postgresql://me:a/b@db/portal", ("me", "a/b", "db", "", "portal")),
        ("postgres://me:a@b#c?d%2Fe@db:1/portal", ("me", "a@b#c?d/e", "db", "1", "portal")),
        ("postgres://me:a%40b@db/portal", ("me", "a@b", "db", "", "portal")),
        ("postgres://me@%2Ftmp%2Fpg/name", ("me", "", "/tmp/pg", "", "name")),
        ("postgres://db/portal", ("", "", "db", "", "portal")),
        ("postgres://me:x@[::1]:5432/portal", ("me", "x", "::1", "5432", "portal")),
    ],
)
def test_any_password_is_read(monkeypatch, url, expected):
    monkeypatch.setenv("DATABASE_URL", url)
    found = env.database()
    assert tuple(found[name] for name in ("USER", "PASSWORD", "HOST", "PORT", "NAME")) == expected


@pytest.mark.parametrize("url", ["mysql://me@db/x", "postgres://me:a@db:port/x", "nonsense"])
def test_another_address_is_a_sentence_that_does_not_tell_the_password(monkeypatch, url):
    monkeypatch.setenv("DATABASE_URL", url.replace("me@", "me:s3cret@"))
    with pytest.raises(ValueError, match="must look like") as refused:
        env.database()
    assert "s3cret" not in str(refused.value)
