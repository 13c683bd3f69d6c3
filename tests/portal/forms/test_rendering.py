"""How form fields are drawn: label, control, help and errors, tied together for screen readers."""

import re

import pytest
from django import forms
from django.template import engines
from django.utils import translation

from portal.forms.rendering import FormRenderer, StyledField
from portal.forms.workspaces import WriteOnlyTextarea


@pytest.fixture(autouse=True)
def in_english():
    """Requests of other tests leave their language behind."""
    with translation.override("en"):
        yield


class Everything(forms.Form):
    name = forms.CharField(label="Name & title", help_text="As <b>you</b> like", max_length=5)
    note = forms.CharField(required=False, widget=forms.TextInput(attrs={"class": "mono", "placeholder": "none"}))
    colour = forms.ChoiceField(choices=[("r", "Red"), ("b", "Blue")])
    size = forms.ChoiceField(choices=[("s", "Small"), ("l", "Large")], widget=forms.RadioSelect, help_text="Any")
    is_loud = forms.BooleanField(required=False, label="Loud")
    file = forms.FileField(required=False)
    secret = forms.CharField(widget=WriteOnlyTextarea)
    token = forms.CharField(widget=forms.HiddenInput, initial="t")

    def clean(self):
        raise forms.ValidationError("These <do> not go together.")


def drawn(field, form=None):
    return str((form or Everything())[field].as_field_group())


def attributes(html, tag):
    """The attributes of the first such element."""
    found = re.search(rf"<{tag}\b([^>]*)>", html)
    assert found, html
    return dict(re.findall(r'([\w-]+)="([^"]*)"', found[1]))


def test_forms_are_drawn_by_our_renderer():
    assert isinstance(Everything().renderer, FormRenderer)
    assert isinstance(Everything()["name"], StyledField)


def test_a_field_has_a_label_for_its_control_and_a_described_help():
    html = drawn("name")
    control = attributes(html, "input")
    assert attributes(html, "label")["for"] == control["id"] == "id_name"
    assert "Name &amp; title" in html
    assert control["class"] == "form-control"
    assert control["aria-describedby"] == "id_name_helptext"
    assert '<div class="form-hint" id="id_name_helptext">As <b>you</b> like</div>' in html
    assert "aria-invalid" not in html
    assert "optional" not in html


def test_a_wrong_value_is_marked_described_and_kept():
    html = drawn("name", Everything({"name": '"too" long'}))
    control = attributes(html, "input")
    assert control["class"] == "form-control is-invalid"
    assert control["aria-invalid"] == "true"
    assert control["value"] == "&quot;too&quot; long"
    described = control["aria-describedby"].split()
    assert described == ["id_name_helptext", "id_name_error"]
    assert all(f'id="{name}"' in html for name in described)
    assert re.search(r'<p class="form-error"><svg.*?</svg>\s*Ensure this value has at most 5', html, re.S)


def test_what_a_widget_has_of_its_own_goes_with_our_class():
    html = drawn("note")
    assert attributes(html, "input")["class"] == "form-control mono"
    assert attributes(html, "input")["placeholder"] == "none"
    assert '<span class="optional">optional</span>' in html


@pytest.mark.parametrize(
    ("field", "tag", "css"),
    [
        ("colour", "select", "form-select"),
        ("is_loud", "input", "form-check-input"),
        ("secret", "textarea", "form-control"),
    ],
)
def test_each_widget_gets_the_class_of_its_kind(field, tag, css):
    assert attributes(drawn(field), tag)["class"] == css


def test_a_check_box_stands_inside_its_label_and_a_file_is_not_called_optional():
    assert re.search(
        r'<label class="form-check"><input type="checkbox"[^>]*><span>Loud</span></label>', drawn("is_loud")
    )
    assert "optional" not in drawn("is_loud") + drawn("file")


def test_a_group_of_choices_has_a_legend_and_is_described_as_a_whole():
    html = drawn("size", Everything({"size": "x"}))
    assert attributes(html, "fieldset")["aria-describedby"] == "id_size_helptext id_size_error"
    assert '<legend class="form-label">Size</legend>' in html
    assert html.count('type="radio"') == 2


def test_a_bare_control_has_no_class_of_ours():
    assert "class" not in attributes(str(Everything()["name"]), "input")


def test_a_whole_form_begins_with_what_concerns_all_fields_and_ends_with_the_hidden_ones():
    html = str(Everything({"token": "t"}))
    note = html.index("These &lt;do&gt; not go together.")
    assert html.index('<div class="note note-bad" role="alert">') < note < html.index('class="field"')
    assert html.count('class="field"') == 7
    assert html.rindex('type="hidden"') > html.rindex('class="field"')


def test_nothing_is_drawn_for_no_errors():
    assert str(Everything().non_field_errors()).strip() == ""


def test_a_template_draws_fields_without_any_tag_of_ours():
    page = engines["django"].from_string("{{ form.name.as_field_group }}{{ form.non_field_errors }}")
    assert page.render({"form": Everything()}).strip() == drawn("name").strip()
