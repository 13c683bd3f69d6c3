"""People and teams. Everything else that a team owns hangs on an ``ops.Workspace``."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.ids import new_public_id


class User(AbstractUser):
    """A person who signs in. ``is_staff`` marks a site admin, who may create teams."""

    must_change_password = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class Team(models.Model):
    """Owns workspaces and credentials; people reach them through a Membership."""

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    name = models.CharField(_("name"), max_length=80, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    people = models.ManyToManyField(User, through="Membership", related_name="teams")

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """What a person may do in a team: viewers read and predict, operators also change, owners also manage people."""

    class Role(models.TextChoices):
        VIEWER = "viewer", _("Viewer")
        OPERATOR = "operator", _("Operator")
        OWNER = "owner", _("Owner")

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.VIEWER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "team"], name="one_membership_per_team")]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()} in {self.team}"

    @property
    def may_write(self) -> bool:
        return self.role in {self.Role.OPERATOR, self.Role.OWNER}

    @property
    def may_manage(self) -> bool:
        return self.role == self.Role.OWNER
