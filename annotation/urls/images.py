"""Addresses of images, imports, batches and the progress of a project."""

from django.urls import path

from annotation.views import serving

urlpatterns = [
    path("images/<uuid:image_id>/<str:kind>", serving.image_file, name="image-file"),
]
