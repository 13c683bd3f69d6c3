"""Which registered models and versions a page reads, with what serves them."""

from django.db.models import Count, Max, Prefetch, Q, QuerySet

from ops.models import Deployment, ModelVersion, Operation, RegisteredModel
from portal.queries import operations

SEARCHED = ("name", "description")


def list_registered_models() -> QuerySet[RegisteredModel]:
    """Return the registered models of workspaces that are still registered."""
    return RegisteredModel.objects.filter(workspace__unregistered_at=None).select_related("workspace")


def list_versions() -> QuerySet[ModelVersion]:
    """Return the versions with all that a page names."""
    return ModelVersion.objects.filter(registered_model__workspace__unregistered_at=None).select_related(
        "registered_model__workspace", "run", "requested_by"
    )


def with_newest(registered: QuerySet[RegisteredModel]) -> QuerySet[RegisteredModel]:
    """Return them with ``version_count``, ``newest_at`` and the newest version in the list ``newest``.

    That is one more query for the page.
    """
    living = Q(versions__gone_at=None)
    existing = ModelVersion.objects.filter(gone_at=None)
    newest_keys = existing.order_by().values("registered_model").annotate(key=Max("pk"))
    newest = Prefetch(
        "versions",
        existing.filter(pk__in=newest_keys.values("key")).select_related("run", "requested_by"),
        to_attr="newest",
    )
    return (
        registered.annotate(version_count=Count("versions", filter=living), newest_at=Max("versions__created_at"))
        .prefetch_related(newest)
        .order_by("-newest_at", "name")
    )


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
