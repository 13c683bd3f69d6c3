"""People, teams and the tokens of people's scripts. What a team owns besides hangs on an ``ops.Workspace``."""

from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone
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
    # Whether its workspaces may be reached as the machine that the portal runs on; a site admin decides.
    may_use_host_identity = models.BooleanField(default=False)
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


class ApiToken(models.Model):
    """What a script signs in with instead of a person: a person's rights, narrowed to a scope and maybe to one team.

    The secret is shown once; only its SHA-256 is kept. ``hint`` is its beginning, by which a person recognises it.
    """

    class Scope(models.TextChoices):
        """The highest right that the token may use; the role in each team may give less."""

        READ = "read", _("Read")
        PREDICT = "predict", _("Read and predict")
        WRITE = "write", _("Read, predict and change")
        MANAGE = "manage", _("Everything, people included")

    public_id = models.CharField(max_length=16, unique=True, default=new_public_id, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=80)
    scope = models.CharField(_("scope"), max_length=10, choices=Scope.choices, default=Scope.READ)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=12, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.name

    def is_valid(self, now: datetime | None = None) -> bool:
        """Whether the token opens anything at that time: neither revoked nor expired, its person still active."""
        at = now or timezone.now()
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > at) and self.user.is_active


class IdempotentRequest(models.Model):
    """A request that makes something, with the key its sender gave it and what came of it: asked again, told again.

    ``fingerprint`` tells another request with the same key apart. ``status`` is null while the first is under way.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    key = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_request_per_key")]

    def __str__(self) -> str:
        return f"{self.user}: {self.key}"


class SetupClaim(models.Model):
    """The one use of the set-up link: the database lets one request make this row, however many come at once."""

    only = models.BooleanField(default=True, unique=True, editable=False)
    claimed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(only=True), name="one_setup_claim")]
