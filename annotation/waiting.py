"""What waits for a person: the counts beside the sections of the navigation."""

from annotation.models import Question, ReviewItem
from annotation.models.questions import QuestionState
from annotation.models.reviews import ReviewState
from projects.access import Access
from projects.models import Role
from projects.navigation import register_count


def new_answers(access: Access) -> int:
    """Count the answers to the person's questions that they have not seen."""
    return Question.objects.filter(
        project=access.project, reader=access.user, state=QuestionState.ANSWERED, seen_at=None
    ).count()


def returned_judgments(access: Access) -> int:
    """Count the person's judgments that came back and wait for their answer."""
    return ReviewItem.objects.filter(
        project=access.project, judgment__annotator=access.user, state=ReviewState.RETURNED
    ).count()


def waiting_for_annotator(access: Access) -> int:
    """Count what waits on the page of feedback."""
    return returned_judgments(access) + new_answers(access)


def waiting_for_head(access: Access) -> int:
    """Count the open questions, for those who may answer them."""
    if not access.may_act_as(Role.HEAD):
        return 0
    return Question.objects.filter(project=access.project).waiting().count()


register_count("annotate-home", waiting_for_annotator)
register_count("review-home", waiting_for_head)
