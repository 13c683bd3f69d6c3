"""Which registered models and versions a page reads, with what serves them."""

from django.db.models import BigIntegerField, F, Func, IntegerField, OuterRef, Prefetch, QuerySet, Subquery

from ops.models import Deployment, ModelVersion, Operation, RegisteredModel
from portal.queries import operations

SEARCHED = ("name", "description")
NEWEST_FIRST = ("-newest_at", "-pk")
# Func, because an aggregate would group the rows of a subquery that has one row.
_NEWEST = Func(F("pk"), function="MAX", output_field=BigIntegerField())
_COUNT = Func(F("pk"), function="COUNT", output_field=IntegerField())


def list_registered_models() -> QuerySet[RegisteredModel]:
    """Return the registered models of workspaces that are still registered."""
    return RegisteredModel.objects.filter(workspace__unregistered_at=None).select_related("workspace")


def list_versions() -> QuerySet[ModelVersion]:
    """Return the versions with all that a page names."""
    return ModelVersion.objects.filter(registered_model__workspace__unregistered_at=None).select_related(
        "registered_model__workspace", "run", "requested_by"
    )


def with_newest(registered: QuerySet[RegisteredModel]) -> QuerySet[RegisteredModel]:
    """Return them, newest first, with ``version_count`` and the newest version in the list ``newest``.

    That is one more query for the page.
    """
    existing = ModelVersion.objects.filter(gone_at=None).order_by()
    counted = existing.filter(registered_model=OuterRef("pk")).annotate(count=_COUNT).values("count")
    keys = existing.filter(registered_model=OuterRef("registered_model")).annotate(key=_NEWEST).values("key")
    newest = Prefetch(
        "versions",
        existing.filter(pk=Subquery(keys)).select_related("run", "requested_by"),
        to_attr="newest",
    )
    return registered.annotate(version_count=Subquery(counted)).prefetch_related(newest).order_by(*NEWEST_FIRST)


def newest(registered: RegisteredModel) -> ModelVersion | None:
    """Return the newest version that exists; needs a row read through ``with_newest``."""
    versions: list[ModelVersion] = registered.newest  # type: ignore[attr-defined]
    return versions[0] if versions else None


def complete_for_list(registered: QuerySet[RegisteredModel]) -> QuerySet[RegisteredModel]:
    """Return them with their newest versions and what else a list names of each."""
    return with_newest(registered.select_related("workspace"))


def list_versions_of(registered: RegisteredModel) -> QuerySet[ModelVersion]:
    """Return its versions, newest first, each with the deployments that serve it as ``serving``."""
    serving = Prefetch(
        "deployments", Deployment.objects.filter(gone_at=None).select_related("endpoint"), to_attr="serving"
    )
    return list_versions().filter(registered_model=registered, gone_at=None).prefetch_related(serving)


def list_serving(version: ModelVersion) -> QuerySet[Deployment]:
    """Return the deployments that serve the version, the one with most traffic first."""
    return version.deployments.filter(gone_at=None).select_related("endpoint").order_by("-traffic")


def list_siblings(version: ModelVersion) -> QuerySet[ModelVersion]:
    """Return the other versions of the same model."""
    return version.registered_model.versions.filter(gone_at=None).exclude(pk=version.pk)


def last_operation(version: ModelVersion) -> Operation | None:
    """Return the registration of the version."""
    return operations.list_operations_on(version).filter(kind=Operation.Kind.REGISTER_VERSION).first()
