"""Every address of the API, version 1."""

from django.urls import include, path

from projects.api.errors import nothing_here
from projects.api.serving import openapi

urlpatterns = [
    path("openapi.json", openapi, name="api-document"),
    path("", include("projects.urls.api")),
    path("", include("annotation.urls.api")),
    path("", include("studies.urls.api")),
    path("", include("releases.api_urls")),
    path("<path:_rest>", nothing_here, name="api-nothing"),
]
