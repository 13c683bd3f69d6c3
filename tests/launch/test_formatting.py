"""Which formatters script/format runs."""

from launch import formatting


def test_a_check_writes_nothing(tmp_path):
    writing = {"--write", "--fix", "--reformat"}
    for is_check in (True, False):
        ruff, *others = ({str(word) for word in command} for command in formatting.commands(tmp_path, "node", is_check))
        assert ("--check" in ruff) is is_check
        assert [bool(words & writing) for words in others] == [not is_check] * 3
