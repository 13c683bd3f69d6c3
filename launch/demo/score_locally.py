"""Run by the scoring environment's Python: the shipped score script answers one request, without any server.

``score_locally.py SCORE_SCRIPT`` with AZUREML_MODEL_DIR set; the request comes on stdin, the answer is the last line.
"""

import importlib.util
import json
import sys


def main() -> None:
    spec = importlib.util.spec_from_file_location("score", sys.argv[1])
    assert spec is not None
    assert spec.loader is not None
    score = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(score)
    score.init()
    sys.stdout.write("\n" + json.dumps(score.run(sys.stdin.read())) + "\n")


if __name__ == "__main__":
    main()
