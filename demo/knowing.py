"""Demo examples: decided pairs that stand beside the guidelines, with a reason."""

from accounts.models import User
from annotation.models import Adjudication, KnownAnswer, KnownUse
from annotation.rules.known_answers import make_known_answer
from projects.models import Project

REASONS = {
    "good": "Nothing in the photograph speaks against it; a caption need not name what one sees.",
    "bad": "It says something that the photograph does not bear out.",
}


def play_examples(*, project: Project, head: User) -> int:
    """Take one decided pair of each label as an example; playing again changes nothing. Return how many there are."""
    examples = KnownAnswer.objects.filter(project=project, use=KnownUse.EXAMPLE)
    if not examples.exists():
        finals = Adjudication.objects.filter(project=project, is_current=True, version__state="base")
        for label, reason in REASONS.items():
            final = finals.filter(label=label).select_related("version", "schema").order_by("pk").first()
            if final is not None:
                make_known_answer(
                    version=final.version,
                    schema=final.schema,
                    label=label,
                    use=KnownUse.EXAMPLE,
                    actor=head,
                    explanation=reason,
                )
    return examples.count()
