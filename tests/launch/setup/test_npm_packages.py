"""When the browser packages have to be fetched anew."""

from launch.setup import fingerprints, npm_packages


def test_browser_packages_are_stale_when_their_lock_changes(tmp_path):
    for name in npm_packages.BUNDLE:
        (tmp_path / name).write_text("1")
    for inputs in (npm_packages.PACKAGES, npm_packages.BUNDLE):
        fingerprints.write(
            npm_packages._fingerprint_file(tmp_path, inputs), npm_packages._fingerprint(tmp_path, inputs)
        )
    assert npm_packages.is_ready(tmp_path)
    (tmp_path / "package-lock.json").write_text("2")
    assert not npm_packages.is_ready(tmp_path)
