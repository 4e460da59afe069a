"""Views of this app, by part; the doors are those that the root of all addresses names."""

from projects.views.doors import home, project_door

__all__ = ["home", "project_door"]
