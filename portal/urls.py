"""Which URL reaches which view: a table per noun; ``noun:name`` is ``portal.views.<noun>.<name>``."""

from types import ModuleType

from django.urls import URLPattern, URLResolver, include, path

from portal.views import accounts, endpoints, home, jobs, models, operations, predict, teams, workspaces


def noun(name: str, prefix: str, views: ModuleType, routes: dict[str, str]) -> URLResolver:
    """The routes of one noun, {view name: path below the prefix}, as the URL namespace ``name``."""
    patterns: list[URLPattern] = [path(route, getattr(views, view), name=view) for view, route in routes.items()]
    resolver: URLResolver = path(prefix, include((patterns, name)))
    return resolver


urlpatterns: list[URLPattern | URLResolver] = [
    noun("home", "", home, {"index": "", "health": "healthz"}),
    noun(
        "accounts",
        "",
        accounts,
        {
            "sign_in": "sign-in/",
            "sign_out": "sign-out/",
            "password": "password/",
            "setup": "setup/<str:token>/",
            "language": "language/",
        },
    ),
    noun(
        "teams",
        "teams/",
        teams,
        {
            "index": "",
            "create": "new/",
            "members": "<str:public_id>/",
            "add_member": "<str:public_id>/members/add/",
            "change_role": "<str:public_id>/members/<int:member>/role/",
            "remove_member": "<str:public_id>/members/<int:member>/remove/",
        },
    ),
    noun(
        "workspaces",
        "workspaces/",
        workspaces,
        {
            "index": "",
            "register": "register/",
            "detail": "<slug:public_id>/",
            "test": "<slug:public_id>/test/",
            "unregister": "<slug:public_id>/unregister/",
        },
    ),
    noun(
        "jobs",
        "jobs/",
        jobs,
        {
            "index": "",
            "create": "new/",
            "queue": "new/<slug:recipe>/",
            "detail": "<slug:public_id>/",
            "cancel": "<slug:public_id>/cancel/",
            "retry": "<slug:public_id>/retry/",
            "log": "<slug:public_id>/log/",
            "log_file": "<slug:public_id>/log/download/",
            "metrics": "<slug:public_id>/metrics/",
        },
    ),
    noun(
        "models",
        "models/",
        models,
        {
            "index": "",
            "version": "versions/<slug:public_id>/",
            "file": "versions/<slug:public_id>/files/<path:path>",
            "sample": "samples/<slug:public_id>.png",
            "register": "register/<slug:public_id>/",
            "detail": "<slug:public_id>/",
        },
    ),
    noun(
        "endpoints",
        "endpoints/",
        endpoints,
        {
            "index": "",
            "deploy": "deploy/",
            "detail": "<slug:public_id>/",
            "traffic": "<slug:public_id>/traffic/",
            "delete": "<slug:public_id>/delete/",
            "delete_deployment": "<slug:public_id>/deployments/<slug:deployment_id>/delete/",
        },
    ),
    noun(
        "predict",
        "predict/",
        predict,
        {"index": "", "show": "<slug:public_id>/", "send": "<slug:public_id>/send/"},
    ),
    noun(
        "operations",
        "operations/",
        operations,
        {
            "index": "",
            "detail": "<slug:public_id>/",
            "progress": "<slug:public_id>/progress/",
            "cancel": "<slug:public_id>/cancel/",
            "retry": "<slug:public_id>/retry/",
        },
    ),
]

handler403 = "portal.views.errors.forbidden"
handler404 = "portal.views.errors.not_found"
handler500 = "portal.views.errors.broken"
