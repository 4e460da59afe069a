"""Pages of annotation, by role."""
