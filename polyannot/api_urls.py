"""Every address of the API, version 1."""

from django.urls import include, path, re_path

from projects.api.errors import nothing_here
from projects.api.serving import openapi

urlpatterns = [
    path("openapi.json", openapi, name="api-document"),
    path("", include("projects.urls.api")),
    path("", include("annotation.urls.api")),
    path("", include("studies.urls.api")),
    path("", include("releases.api_urls")),
    # Line breaks too: no address below this one is answered by a page.
    re_path(r"^(?P<_rest>[\s\S]+)$", nothing_here, name="api-nothing"),
]
