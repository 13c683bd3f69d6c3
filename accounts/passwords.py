"""Rules for passwords beside Django's own."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User


class NotBlank:
    """Refuses a password of nothing but white space."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raises ValidationError."""
        if not password.strip():
            raise ValidationError(_("A password of spaces only is no password."), code="password_blank")

    def get_help_text(self) -> str:
        return _("Your password can't be nothing but spaces.")


class NotTheOneBefore:
    """Refuses the password that the person has already: a one-time password must be changed for another."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raises ValidationError."""
        if user is not None and user.pk and user.check_password(password):
            raise ValidationError(_("This is the password you have now. Choose another one."), code="password_same")

    def get_help_text(self) -> str:
        return _("Your password can't be the one you have now.")
