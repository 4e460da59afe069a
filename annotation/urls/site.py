"""Addresses of the site admin that reach into annotation."""

from django.urls import path

from annotation.views import founding

urlpatterns = [path("projects/new", founding.site_project_new, name="site-project-new")]
