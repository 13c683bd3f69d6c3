"""Static files under names that carry a hash of their content; the name of each is looked up once."""

from functools import lru_cache

from whitenoise.storage import CompressedManifestStaticFilesStorage


class Storage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """The manifest does not change while a process runs, and a page names a dozen files."""

    @lru_cache(maxsize=1000)  # noqa: B019  (one storage for the life of the process)
    def url(self, name: str, force: bool = False) -> str:
        return str(super().url(name, force))
