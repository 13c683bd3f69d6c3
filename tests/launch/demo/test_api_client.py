"""The demo's client of the API against a small real server: its token, all pages of a list, refusals as sentences."""

import http.server
import json
import threading
from urllib.parse import parse_qs, urlsplit

import pytest

from launch.console import Problem
from launch.demo.api_client import ApiClient, sentence

PAGES = {"": {"items": [{"id": 1}], "next": "two"}, "two": {"items": [{"id": 2}], "next": ""}}


class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.headers["Authorization"] != "Bearer ptl_x":
            return self.answer(401, {"sentence": "Sign in first.", "next": "", "fields": {}})
        (cursor,) = parse_qs(urlsplit(self.path).query, keep_blank_values=True).get("cursor", [""])
        return self.answer(200, PAGES[cursor])

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        fields = {"parameters.epochs": ["Too many."], "cursor": []}
        return self.answer(422, {"sentence": "Check these values.", "next": "", "fields": fields})

    def do_DELETE(self):
        self.send_response(204)
        self.end_headers()

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


@pytest.fixture(scope="module")
def site():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_list_is_read_to_its_end(site):
    assert ApiClient(site, "ptl_x").list("jobs") == [{"id": 1}, {"id": 2}]


def test_a_refusal_is_the_portals_own_sentence(site):
    with pytest.raises(Problem, match="answered with 401: Sign in first"):
        ApiClient(site, "ptl_wrong").get("jobs")
    with pytest.raises(Problem, match=r"Check these values\. parameters\.epochs: Too many\.$"):
        ApiClient(site, "ptl_x").post("jobs", {})


def test_an_empty_answer_is_none(site):
    assert ApiClient(site, "ptl_x").delete("jobs/1") is None


def test_it_never_leaves_the_site(site):
    with pytest.raises(Problem, match="leads away"):
        ApiClient(site, "ptl_x").download("http://127.0.0.1:9/elsewhere")


def test_nothing_wrong_is_no_sentence():
    assert sentence(None) == ""
