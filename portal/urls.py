"""Which URL reaches which view: a table per noun; ``noun:name`` is ``portal.views.<noun>.<name>``."""

from types import ModuleType

from django.urls import URLPattern, URLResolver, include, path


def noun(name: str, prefix: str, views: ModuleType, routes: dict[str, str]) -> URLResolver:
    """The routes of one noun, {view name: path below the prefix}, as the URL namespace ``name``."""
    patterns: list[URLPattern] = [path(route, getattr(views, view), name=view) for view, route in routes.items()]
    resolver: URLResolver = path(prefix, include((patterns, name)))
    return resolver


urlpatterns: list[URLPattern | URLResolver] = []
