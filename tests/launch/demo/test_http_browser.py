"""The demo's browser against a small real server: forms with their hidden fields, refusals as sentences."""

import http.server
import json
import threading
from urllib.parse import parse_qs

import pytest

from launch.console import Problem
from launch.demo.http_browser import Browser

PAGE = """
<form method="post" action="/thing/">
  <input type="hidden" name="csrfmiddlewaretoken" value="t"><input name="name">
</form>
"""
WRONG = '<p class="form-error"><svg></svg>Choose a\n longer name.</p>'


class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/gone/":
            return self.answer(404, "text/html", "gone")
        return self.answer(200, "text/html", PAGE)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/api/v1/tokens":
            given = json.loads(body) | {"csrf": self.headers["X-CSRFToken"]}
            return self.answer(201, "application/json", json.dumps({"secret": f"ptl_{given['csrf']}_{given['scope']}"}))
        given = parse_qs(body, keep_blank_values=True)
        if given["name"] == ["bad"]:
            return self.answer(422, "text/html", WRONG)
        return self.answer(200, "text/html", json.dumps({"given": given, "referer": self.headers["Referer"]}))

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
    answer = json.loads(browser.submit("/thing/", has_name, {"name": "digits"}))
    assert answer["given"] == {"csrfmiddlewaretoken": ["t"], "name": ["digits"]}
    assert answer["referer"] == f"{browser.site}/thing/"


def test_a_token_is_made_with_the_csrf_token_of_the_page(browser):
    api = browser.make_token("demo")
    assert api.session.headers["Authorization"] == "Bearer ptl_t_manage"


def test_a_refusal_is_the_sentence_of_the_page(browser):
    with pytest.raises(Problem, match=r"422: Choose a longer name\."):
        browser.submit("/thing/", has_name, {"name": "bad"})


def test_a_field_that_the_form_does_not_have_is_a_problem(browser):
    with pytest.raises(Problem, match="does not ask for colour"):
        browser.submit("/thing/", has_name, {"colour": "blue"})


def test_a_missing_page_or_form_is_a_problem(browser):
    with pytest.raises(Problem, match="answered with 404"):
        browser.form("/gone/", has_name)
    with pytest.raises(Problem, match="has no such form"):
        browser.submit("/thing/", lambda form: "image" in form.files, {})


def test_it_never_leaves_the_site(browser):
    with pytest.raises(Problem, match="leads away"):
        browser.form("http://127.0.0.1:9/elsewhere", has_name)
