"""One image for an endpoint: an upload or one of the held-back samples."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from ops.messages import of
from ops.models import Sample


class ImageForm(forms.Form):
    """``image`` wins over ``sample`` (a public id among ``samples``). ``scoring.images`` judges the bytes."""

    image = forms.FileField(label=_("Image"), required=False, allow_empty_file=True)
    sample = forms.CharField(required=False, widget=forms.HiddenInput)
    deployment = forms.ChoiceField(label=_("Deployment"), required=False)

    def __init__(self, *args: Any, samples: list[Sample], deployments: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.samples = {sample.public_id: sample for sample in samples}
        self.fields["image"].widget.attrs["accept"] = "image/*,.heic,.heif"
        chooser = self.fields["deployment"]
        assert isinstance(chooser, forms.ChoiceField)
        chooser.choices = [("", _("By the endpoint's traffic split")), *((name, name) for name in deployments)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("image") is None and cleaned.get("sample") not in self.samples:
            self.add_error("image", str(of("predict:no_image", {})))
        return cleaned

    def expected(self) -> str:
        """The label that a chosen sample should get; "" for an upload."""
        sample = self.samples.get(self.cleaned_data["sample"])
        return sample.label if sample and self.cleaned_data.get("image") is None else ""

    def picture(self) -> tuple[bytes, str]:
        """The bytes and the file's name; of a file over the upload limit one byte too many, which says enough."""
        upload = self.cleaned_data.get("image")
        if upload is not None:
            return upload.read(settings.UPLOAD_IMAGE_BYTES + 1), upload.name
        sample = self.samples[self.cleaned_data["sample"]]
        with sample.file.open("rb") as file:
            return file.read(), f"{sample.label}.png"
