"""Every address of the app."""

from django.urls import include, path

from projects.health import healthz
from projects.views import home, project_door

urlpatterns = [
    path("", home, name="home"),
    path("healthz", healthz, name="healthz"),
    path("accounts/", include("accounts.urls")),
    path("site/", include("projects.urls.site")),
    path("site/", include("annotation.urls.site")),
    path("api/v1/", include("polyannot.api_urls")),
    path("s/", include("studies.urls.participant")),
    path("p/<slug:project_slug>/", project_door, name="project-door"),
    path("p/<slug:project_slug>/", include("projects.urls.project")),
    path("p/<slug:project_slug>/", include("annotation.urls.images")),
    path("p/<slug:project_slug>/", include("annotation.urls.captions")),
    path("p/<slug:project_slug>/", include("annotation.urls.annotate")),
    path("p/<slug:project_slug>/", include("annotation.urls.rules")),
    path("p/<slug:project_slug>/", include("annotation.urls.review")),
    path("p/<slug:project_slug>/", include("annotation.urls.quality")),
    path("p/<slug:project_slug>/", include("annotation.urls.estimates")),
    path("p/<slug:project_slug>/", include("annotation.urls.machine")),
    path("p/<slug:project_slug>/", include("annotation.urls.exchange")),
    path("p/<slug:project_slug>/studies/", include("studies.urls.researcher")),
    path("p/<slug:project_slug>/releases/", include("releases.urls")),
]

handler500 = "polyannot.kernel.middleware.server_error"
