"""One input for an endpoint: what a person gives, or one of the held-back samples."""

from pathlib import PurePath
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from ops.messages import of
from ops.models import Sample
from scoring.kinds import Kind


class InputForm(forms.Form):
    """The field ``kind.FIELD`` wins over ``sample`` (a public id among ``samples``). The kind judges the bytes."""

    sample = forms.CharField(required=False, widget=forms.HiddenInput)
    deployment = forms.ChoiceField(label=_("Deployment"), required=False)

    def __init__(self, *args: Any, kind: Kind, samples: list[Sample], deployments: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.samples = {sample.public_id: sample for sample in samples}
        self.fields[kind.FIELD] = _field(kind)
        chooser = self.fields["deployment"]
        assert isinstance(chooser, forms.ChoiceField)
        chooser.choices = [("", _("By the endpoint's traffic split")), *((name, name) for name in deployments)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self._own() is None and cleaned.get("sample") not in self.samples:
            self.add_error(self.kind.FIELD, str(of(f"scoring:{self.kind.MISSING}", {})))
        return cleaned

    def expected(self) -> str:
        """The label that a chosen sample should get; "" for an input of one's own."""
        sample = self.samples.get(self.cleaned_data["sample"])
        return sample.label if sample and self._own() is None else ""

    def given(self) -> tuple[bytes, str]:
        """The bytes and the file's name; of what is over the upload limit one byte too many, which says enough."""
        own, most = self._own(), settings.UPLOAD_IMAGE_BYTES + 1
        if isinstance(own, str):
            return own.encode()[:most], ""
        if own is not None:
            return own.read(most), own.name
        sample = self.samples[self.cleaned_data["sample"]]
        with sample.file.open("rb") as file:
            return file.read(), f"{sample.label}{PurePath(str(sample.file.name)).suffix}"

    def _own(self) -> Any:
        """The uploaded file or the typed text; None when there is neither."""
        value = self.cleaned_data.get(self.kind.FIELD)
        return None if value == "" else value


def _field(kind: Kind) -> forms.Field:
    """A file chooser for a kind that accepts files, else a text area."""
    if kind.ACCEPT:
        chooser = forms.FileField(required=False, allow_empty_file=True)
        chooser.widget.attrs["accept"] = kind.ACCEPT
        return chooser
    return forms.CharField(required=False, strip=False, widget=forms.Textarea)
