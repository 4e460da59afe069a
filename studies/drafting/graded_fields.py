"""How the builder calls the fields of a study in which paraphrases are graded, and which of them it shows."""

from typing import Any

from django.utils.translation import gettext_lazy as _

# Fields that only one kind of study has.
FIT_ONLY = ("encoder", "hard_pairs", "medium_pairs", "easy_pairs", "target_participants")
GRADED_ONLY = ("paraphrase_pairs", "graders_per_pair")

# The groups that differ from those of a study of images and captions: hint and fields by the group's name.
GRADED_PARTS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "pairs": (
        _(
            "Paraphrases in circulation beside their originals, drawn by the seed. Those that repeat the original "
            "or one another word for word are left out."
        ),
        ("title", "paraphrase_pairs", "graders_per_pair", "seed"),
    ),
    "participants": (
        _(
            "Identical and unrelated pairs show whether somebody uses the scale; they are mixed in at random, and an "
            "unrelated one never comes first."
        ),
        (
            "design",
            "pairs_per_participant",
            "distractors_in_study",
            "distractors_per_participant",
            "controls_in_study",
            "controls_per_participant",
            "repeats_per_participant",
        ),
    ),
}
GRADED_LABELS = {
    "pairs_per_participant": _("Paraphrases for each grader"),
    "distractors_in_study": _("Unrelated pairs in the study"),
    "distractors_per_participant": _("Unrelated pairs for each grader"),
    "controls_in_study": _("Identical pairs in the study"),
    "controls_per_participant": _("Identical pairs for each grader"),
    "repeats_per_participant": _("Paraphrases shown twice to each grader"),
    "max_distractors_good": _("Most unrelated pairs graded above 1"),
    "max_controls_bad": _("Most identical pairs graded below 5"),
}
GRADED_HINTS = {
    "paraphrase_pairs": _("Captions imported with a column “paraphrase_of”."),
    "graders_per_pair": _("A paraphrase is perfect when that many people or more graded it and all gave 5."),
    "distractors_in_study": _(
        "Captions of two images with next to no word in common; look at them under Pairs."
    ),
    "controls_in_study": _("A caption beside itself."),
}
