"""Who the raters of an import were, for its page: accounts by id, so that no name outlives an erased account."""

from collections.abc import Iterable, Mapping
from typing import Any

from accounts.models import User
from annotation.exchange.imported_raters import LONGEST_SHOWN, FileRater
from annotation.models import JudgmentImport
from projects.models import Job


def told_raters(raters: Iterable[FileRater], answers: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return what is stored of the raters: the account's id, and a name only where nobody has an account yet."""
    return [
        {
            **({"user": str(rater.user.public_id)} if rater.user else {"shown": rater.shown}),
            "n": answers[rater.name],
            "account": "member" if rater.is_member else "new" if rater.is_new else "known",
        }
        for rater in raters
    ]


def forget_tried_names(job: Job, raters: Iterable[FileRater]) -> None:
    """Let earlier trials of the same file name accounts too, now that the raters have them."""
    accounts = {rater.name[:LONGEST_SHOWN]: str(rater.user.public_id) for rater in raters if rater.user}
    same_file = {"job__parameters__file__sha256": job.parameters["file"]["sha256"]}
    for trial in JudgmentImport.objects.filter(project=job.project, is_trial=True, **same_file):
        for rater in trial.told["raters"]:
            if rater.get("shown") in accounts:
                rater["user"] = accounts[rater.pop("shown")]
        trial.save(update_fields=["told"])


def shown_raters(row: JudgmentImport) -> list[dict[str, Any]]:
    """Return the raters of an import as its page shows them, under the names that their accounts have now."""
    told = row.told["raters"]
    asked = {rater["user"] for rater in told if "user" in rater}
    names = {str(user.public_id): str(user) for user in User.objects.filter(public_id__in=asked)}
    return [{**rater, "shown": names.get(rater.get("user", ""), rater.get("shown", ""))} for rater in told]
