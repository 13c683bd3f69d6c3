"""What a browser would send back of a page's forms."""

from launch.demo import html_forms

PAGE = """
<form action="/jobs/new/" method="POST">
  <input type="hidden" name="csrfmiddlewaretoken" value="t0ken">
  <input name="epochs" type="number" value="6"><input name="empty">
  <input type="checkbox" name="off" value="1"><input type="checkbox" name="on" checked>
  <input type="radio" name="size" value="s"><input type="radio" name="size" value="l" checked>
  <input type="file" name="data" multiple><input type="submit" name="go" value="Go">
  <select name="compute"><option value="">Choose</option><option value="a/cpu" selected>cpu</option></select>
  <select name="first"><option value="1">one</option><option value="2">two</option></select>
  <textarea name="config">
{"a": 1 &lt; 2}</textarea>
  <button name="all_to" value="blue">Send</button>
</form>
<form action="/sign-out/" method="post"></form>
<input name="outside" value="no form">
"""


def test_fields_have_what_is_filled_in():
    form, _ = html_forms.find(PAGE)
    assert (form.action, form.method) == ("/jobs/new/", "post")
    assert form.fields == {
        "csrfmiddlewaretoken": "t0ken",
        "epochs": "6",
        "empty": "",
        "on": "on",
        "size": "l",
        "compute": "a/cpu",
        "first": "1",
        "config": '{"a": 1 < 2}',
    }


def test_choices_and_files_are_known():
    form, other = html_forms.find(PAGE)
    assert form.choices == {"compute": ["", "a/cpu"], "first": ["1", "2"]}
    assert form.files == {"data"}
    assert other.action == "/sign-out/"
    assert other.fields == {}
