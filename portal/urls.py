"""Which URL reaches which view: one list of paths per noun; ``noun:name`` is ``portal.views.<noun>.<name>``."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from portal.api.v1 import api
from portal.views import accounts, endpoints, home, jobs, models, operations, predict, teams, tokens, workspaces
from portal.views import api as api_views

home_urls: list[URLPattern] = [
    path("", home.index, name="index"),
    path("healthz", home.health, name="health"),
]
accounts_urls: list[URLPattern] = [
    path("sign-in/", accounts.sign_in, name="sign_in"),
    path("sign-out/", accounts.sign_out, name="sign_out"),
    path("password/", accounts.password, name="password"),
    path("setup/<str:token>/", accounts.setup, name="setup"),
    path("language/", accounts.language, name="language"),
]
teams_urls: list[URLPattern] = [
    path("", teams.index, name="index"),
    path("new/", teams.create, name="create"),
    path("<str:public_id>/", teams.members, name="members"),
    path("<str:public_id>/host-identity/", teams.host_identity, name="host_identity"),
    path("<str:public_id>/members/add/", teams.add_member, name="add_member"),
    path("<str:public_id>/members/<int:member>/role/", teams.change_role, name="change_role"),
    path("<str:public_id>/members/<int:member>/end-pause/", teams.end_pause, name="end_pause"),
    path("<str:public_id>/members/<int:member>/remove/", teams.remove_member, name="remove_member"),
]
workspaces_urls: list[URLPattern] = [
    path("", workspaces.index, name="index"),
    path("register/", workspaces.register, name="register"),
    path("<slug:public_id>/", workspaces.detail, name="detail"),
    path("<slug:public_id>/test/", workspaces.test, name="test"),
    path("<slug:public_id>/unregister/", workspaces.unregister, name="unregister"),
]
jobs_urls: list[URLPattern] = [
    path("", jobs.index, name="index"),
    path("new/", jobs.create, name="create"),
    path("new/<slug:recipe>/", jobs.queue, name="queue"),
    path("<slug:public_id>/", jobs.detail, name="detail"),
    path("<slug:public_id>/cancel/", jobs.cancel, name="cancel"),
    path("<slug:public_id>/retry/", jobs.retry, name="retry"),
    path("<slug:public_id>/log/download/", jobs.log_file, name="log_file"),
]
models_urls: list[URLPattern] = [
    path("", models.index, name="index"),
    path("versions/<slug:public_id>/", models.version, name="version"),
    path("versions/<slug:public_id>/files/<path:path>", models.file, name="file"),
    path("samples/<slug:public_id>.png", models.sample, name="sample"),
    path("register/<slug:public_id>/", models.register, name="register"),
    path("<slug:public_id>/", models.detail, name="detail"),
]
endpoints_urls: list[URLPattern] = [
    path("", endpoints.index, name="index"),
    path("deploy/", endpoints.deploy, name="deploy"),
    path("<slug:public_id>/", endpoints.detail, name="detail"),
    path("<slug:public_id>/traffic/", endpoints.traffic, name="traffic"),
    path("<slug:public_id>/delete/", endpoints.delete, name="delete"),
    path(
        "<slug:public_id>/deployments/<slug:deployment_id>/delete/",
        endpoints.delete_deployment,
        name="delete_deployment",
    ),
]
predict_urls: list[URLPattern] = [
    path("", predict.index, name="index"),
    path("<slug:public_id>/", predict.show, name="show"),
    path("<slug:public_id>/send/", predict.send, name="send"),
]
tokens_urls: list[URLPattern] = [
    path("", tokens.index, name="index"),
    path("new/", tokens.create, name="create"),
    path("<slug:public_id>/revoke/", tokens.revoke, name="revoke"),
]
operations_urls: list[URLPattern] = [
    path("", operations.index, name="index"),
    path("<slug:public_id>/", operations.detail, name="detail"),
    path("<slug:public_id>/progress/", operations.progress, name="progress"),
    path("<slug:public_id>/cancel/", operations.cancel, name="cancel"),
    path("<slug:public_id>/retry/", operations.retry, name="retry"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((home_urls, "home"))),
    path("", include((accounts_urls, "accounts"))),
    path("teams/", include((teams_urls, "teams"))),
    path("workspaces/", include((workspaces_urls, "workspaces"))),
    path("jobs/", include((jobs_urls, "jobs"))),
    path("models/", include((models_urls, "models"))),
    path("endpoints/", include((endpoints_urls, "endpoints"))),
    path("predict/", include((predict_urls, "predict"))),
    path("operations/", include((operations_urls, "operations"))),
    path("tokens/", include((tokens_urls, "tokens"))),
    path("api/docs", api_views.docs, name="api_docs"),
    path("api/v1/", api.urls),
    re_path("^api/", api_views.unknown, name="api_unknown"),
]

handler403 = "portal.views.errors.forbidden"
handler404 = "portal.views.errors.not_found"
handler500 = "portal.views.errors.broken"
