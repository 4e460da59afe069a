"""What waits for an annotator beside the batches."""

from django import template

from annotation.quality.genericness import open_questions
from projects.access import Access

register = template.Library()


@register.simple_tag
def fits_questions(access: Access) -> int:
    """Return how many questions on captions and other images this person may answer."""
    return open_questions(access.project, access.user).count()
