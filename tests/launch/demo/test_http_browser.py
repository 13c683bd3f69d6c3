"""The demo's browser against a small real server: forms with their hidden fields, refusals as sentences."""

import http.server
import json
import threading
from urllib.parse import parse_qs

import pytest

from launch.console import Problem
from launch.demo import http_browser
from launch.demo.http_browser import Browser

PAGE = '<form method="post" action="/thing/"><input type="hidden" name="token" value="t"><input name="name"></form>'


class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/gone/":
            return self.answer(404, "text/html", "gone")
        if self.headers["Accept"] == "application/json":
            return self.answer(200, "application/json", json.dumps({"path": self.path}))
        return self.answer(200, "text/html", PAGE)

    def do_POST(self):
        given = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode(), keep_blank_values=True)
        if given["name"] == ["bad"]:
            return self.answer(422, "application/json", json.dumps({"errors": {"name": ["Choose a longer name."]}}))
        if given["name"] == ["busy"]:
            error = {"title": "Busy", "sentence": "Bob deploys.", "next": "Wait."}
            return self.answer(409, "application/json", json.dumps({"error": error}))
        return self.answer(200, "application/json", json.dumps({"given": given, "referer": self.headers["Referer"]}))

    def answer(self, status, kind, text):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *words):
        pass


@pytest.fixture(scope="module")
def browser():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Browser(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()


def has_name(form):
    return "name" in form.fields


def test_a_form_goes_back_with_its_hidden_fields(browser):
    answer = browser.submit("/thing/", has_name, {"name": "digits"})
    assert answer["given"] == {"token": ["t"], "name": ["digits"]}
    assert answer["referer"] == f"{browser.site}/thing/"


def test_a_page_is_read_in_its_json_form(browser):
    assert browser.read("/jobs/") == {"path": "/jobs/"}


@pytest.mark.parametrize(
    ("name", "sentence"), [("bad", "422: name: Choose a longer name."), ("busy", "409: Bob deploys. Wait.")]
)
def test_a_refusal_is_the_sentence_of_the_page(browser, name, sentence):
    with pytest.raises(Problem, match=sentence):
        browser.submit("/thing/", has_name, {"name": name})


def test_a_field_that_the_form_does_not_have_is_a_problem(browser):
    with pytest.raises(Problem, match="does not ask for colour"):
        browser.submit("/thing/", has_name, {"colour": "blue"})


def test_a_missing_page_or_form_is_a_problem(browser):
    with pytest.raises(Problem, match="answered with 404"):
        browser.read("/gone/")
    with pytest.raises(Problem, match="has no such form"):
        browser.submit("/thing/", lambda form: "image" in form.files)


def test_it_never_leaves_the_site(browser):
    with pytest.raises(Problem, match="leads away"):
        browser.read("http://127.0.0.1:9/elsewhere")


def test_a_folder_is_sent_file_by_file(tmp_path):
    (tmp_path / "b.gz").write_bytes(b"2")
    (tmp_path / "a.gz").write_bytes(b"1")
    assert http_browser.files_of(tmp_path) == [("a.gz", b"1"), ("b.gz", b"2")]
    with pytest.raises(Problem, match="not a folder with files"):
        http_browser.files_of(tmp_path / "none")
