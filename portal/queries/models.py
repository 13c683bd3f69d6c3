"""Which registered models and versions a page reads, with what serves them."""

from django.db.models import BigIntegerField, F, Func, IntegerField, OuterRef, Prefetch, QuerySet, Subquery

from ops.models import Deployment, ModelVersion, Operation, RegisteredModel
from portal.queries import operations

# What the lists can be narrowed by: the parameter of the address and its lookup.
FILTERS = {"workspace": "workspace__public_id"}
SEARCHED = ("name", "description")
NEWEST_FIRST = ("-newest_at", "-pk")
LISTED = ("public_id", "name", "description", "newest_at", "workspace__name")
LISTED_OF_VERSION = (
    "registered_model",
    "public_id",
    "version",
    "state",
    "metrics",
    "main_metric",
    "created_at",
    "requested_by__username",
    "requested_by__first_name",
    "requested_by__last_name",
)
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
    return _with_newest(
        registered.select_related("workspace"), _newest_versions().select_related("run", "requested_by")
    )


def newest(registered: RegisteredModel) -> ModelVersion | None:
    """Return the newest version that exists; needs a row read through ``with_newest``."""
    versions: list[ModelVersion] = registered.newest  # type: ignore[attr-defined]
    return versions[0] if versions else None


def complete_for_list(registered: QuerySet[RegisteredModel]) -> QuerySet[RegisteredModel]:
    """Return them with what a list names of each and of its newest version: two queries."""
    newest = _newest_versions().select_related("requested_by").only(*LISTED_OF_VERSION)
    return _with_newest(registered.select_related("workspace").only(*LISTED), newest)


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


def _newest_versions() -> QuerySet[ModelVersion]:
    """The newest version of each model."""
    existing = ModelVersion.objects.filter(gone_at=None).order_by()
    keys = existing.filter(registered_model=OuterRef("registered_model")).annotate(key=_NEWEST).values("key")
    return existing.filter(pk=Subquery(keys))


def _with_newest(registered: QuerySet[RegisteredModel], newest: QuerySet[ModelVersion]) -> QuerySet[RegisteredModel]:
    existing = ModelVersion.objects.filter(gone_at=None, registered_model=OuterRef("pk")).order_by()
    counted = registered.annotate(version_count=Subquery(existing.annotate(count=_COUNT).values("count")))
    return counted.prefetch_related(Prefetch("versions", newest, to_attr="newest")).order_by(*NEWEST_FIRST)
