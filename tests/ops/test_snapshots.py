"""Code snapshots: the same content is kept once, and comes back byte for byte."""

import pytest

from ops import snapshots
from ops.errors import OpsError
from ops.models import CodeSnapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    code = tmp_path / "code"
    (code / "lib").mkdir(parents=True)
    (code / "train.py").write_bytes(b"print(1)\n")
    (code / "lib" / "\u5de5\u5177.py").write_bytes(b"\x00\xff")
    (code / "__pycache__").mkdir()
    (code / "__pycache__" / "train.pyc").write_bytes(b"compiled")
    return code


def test_what_was_kept_comes_back_whatever_became_of_the_folder(folder, tmp_path):
    kept = snapshots.keep(folder)
    (folder / "train.py").write_text("print(2)")
    target = tmp_path / "again"
    target.mkdir()
    snapshots.lay_out(kept.digest, target)
    files = {path.relative_to(target).as_posix(): path.read_bytes() for path in target.rglob("*") if path.is_file()}
    assert files == {"train.py": b"print(1)\n", "lib/\u5de5\u5177.py": b"\x00\xff"}


def test_the_same_content_is_kept_once_and_another_one_beside_it(folder):
    first = snapshots.keep(folder)
    assert snapshots.keep(folder) == first
    (folder / "train.py").write_text("print(2)")
    assert snapshots.keep(folder).digest != first.digest
    assert CodeSnapshot.objects.count() == 2


def test_a_snapshot_that_is_gone_is_told(folder, tmp_path):
    kept = snapshots.keep(folder)
    kept.file.delete(save=False)
    with pytest.raises(OpsError) as told:
        snapshots.lay_out(kept.digest, tmp_path)
    assert told.value.code == "run:code_gone"
