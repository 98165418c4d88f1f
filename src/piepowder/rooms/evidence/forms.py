"""The field by which any form takes a document: what is wrong with the file is said at the field, before anything is kept."""

from typing import Any, NamedTuple

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from piepowder.core.kernel.errors import PiepowderError
from piepowder.rooms.evidence import rules
from piepowder.rooms.evidence.kinds import ACCEPTED, ENDINGS, WORDS
from piepowder.rooms.ground.forms import sentence


class Upload(NamedTuple):
    """A file that passed: hand it to `actions.keep(upload.content, name=upload.name, …)`."""

    name: str
    content: bytes


class DocumentInput(forms.FileInput):
    """A file chooser that offers the accepted kinds first."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        kinds = [f".{ending}" for ending in ENDINGS] + list(WORDS)
        super().__init__({"accept": ",".join(kinds), **(attrs or {})})


class DocumentField(forms.FileField):
    """`cleaned_data[...]` is an `Upload`, or None where nothing was chosen and nothing had to be."""

    widget = DocumentInput

    def __init__(self, **given: Any) -> None:
        most = rules.megabytes(settings.PIEPOWDER.evidence_bytes_max)
        given.setdefault("help_text", f"{ACCEPTED}. At most {most}. It is encrypted, and read by reviewers only.")
        super().__init__(**given)

    def clean(self, data: Any, initial: Any = None) -> Any:
        file = super().clean(data, initial)
        return checked(file) if isinstance(file, UploadedFile) else None


def checked(file: "UploadedFile[Any]") -> Upload:
    """The file, looked into; too large a one is not even read."""
    most = settings.PIEPOWDER.evidence_bytes_max
    try:
        if (file.size or 0) > most:
            raise rules.too_large(most)
        content = file.read(most + 1)
        rules.inspect(file.name or "", content, most)
    except PiepowderError as error:
        raise forms.ValidationError(sentence(error), code=error.code) from None
    return Upload(file.name or "", content)
