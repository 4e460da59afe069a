"""The datasheet of a release: the questions of Gebru et al. (Datasheets for Datasets), answered from what is known."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from releases import known
from releases.known import BLANK
from releases.rows import Snapshot

Answered = tuple[str, str]
# How participants came, by the key that a study has for it.
WAYS = {
    "open": "an open link",
    "links": "single-use links",
    "prolific": "Prolific",
    "other": "another platform",
}


def datasheet(snapshot: Snapshot, canary: str) -> bytes:
    """Return the datasheet with the blanks marked."""
    parts = [
        known.canary_comment(canary),
        f"# Datasheet: {snapshot['project']['name']} {snapshot['number']}",
        "",
        *known.demo_note(snapshot),
        "What is in italics and brackets is a blank that only the authors can fill in.",
    ]
    sections: Sequence[tuple[str, Sequence[Answered]]] = (
        ("Motivation", _motivation()),
        ("Composition", _composition(snapshot)),
        ("Collection", _collection(snapshot)),
        ("Preprocessing, cleaning, labelling", _labelling(snapshot)),
        ("Uses", _uses()),
        ("Distribution", _distribution(snapshot)),
        ("Maintenance", _maintenance()),
    )
    for title, questions in sections:
        parts += ["", f"## {title}"]
        for question, answer in questions:
            parts += ["", f"**{question}**", "", answer]
        if title.startswith("Preprocessing"):
            parts += ["", *known.flow_table(snapshot), "", "**Figures**", "", *known.figure_list(snapshot)]
    return known.lines(*parts)


def _motivation() -> list[Answered]:
    return [
        ("For what purpose was it made?", BLANK),
        ("Who made it, and for whom?", BLANK),
        ("Who paid for it?", BLANK),
    ]


def _composition(snapshot: Snapshot) -> list[Answered]:
    images = snapshot["images"]
    with_bytes = sum(bool(image["may_redistribute"]) for image in images)
    negatives = sum(image["negative"] is not None for image in images)
    levels = ", ".join(f"{level} {n}" for level, n in known.difficulties(snapshot).items()) or "none"
    return [
        (
            "What do the instances stand for, and how many are there?",
            (
                f"Photographs with captions: {len(images)} images, {known.n_captions(snapshot)} captions,"
                f" {negatives} captions that annotators judged bad for their image (one an image at most)."
            ),
        ),
        (
            "Is it a sample of something larger?",
            "The captions of an image were chosen to be diverse from those that annotators found good; method, seed and"
            " encoder of each choice are in images.csv. How the images were sampled: " + BLANK,
        ),
        (
            "What does each instance hold?",
            (
                f"An image (bytes of {with_bytes} of them, where the licence lets them out; else address and hash) and"
                " its captions with provenance, counts of judgments, difficulty and human evaluation."
            ),
        ),
        ("Is there a label or target?", f"Difficulty by votes of models: {levels}."),
        (
            "Is anything missing?",
            (
                "Images whose licence is not known have no bytes. Shares of fewer than five participants are left out,"
                " and so are the days of fewer than five judgments of one rater."
            ),
        ),
        ("Are there recommended splits?", BLANK),
        ("Are there errors, noise, redundancies?", "See agreement.json. " + BLANK),
        ("Does it hold what might offend, or be confidential?", BLANK),
        (
            "Does it relate to people, and can they be identified?",
            "Photographs and captions may show or name people. Raters and participants are under pseudonyms that are"
            " new in each release. " + " ".join([*known.extra_notes(snapshot), BLANK]),
        ),
    ]


def _collection(snapshot: Snapshot) -> list[Answered]:
    raters = len({row["rater_id"] for row in snapshot["ratings"]})
    return [
        ("How was it acquired?", known.collected(snapshot)),
        (
            "Who took part in the collection?",
            f"{raters} annotators gave {len(snapshot['ratings'])} judgments that hold. {known.evaluated(snapshot)}",
        ),
        ("What were annotators told?", "The guidelines, every version of them word for word: guidelines.md."),
        ("How were they recruited and paid?", _of_studies(snapshot, _recruited)),
        ("Were there ethical review processes?", _of_studies(snapshot, lambda study: study["ethics"])),
        (
            "Did annotators and participants consent, and how can they withdraw?",
            _of_studies(snapshot, _consented),
        ),
        ("Over what time was it collected?", _days(snapshot)),
    ]


def _of_studies(snapshot: Snapshot, told: Callable[[Mapping[str, Any]], str]) -> str:
    """Return what is known of each study's participants; what annotators were told only the authors know."""
    lines = [f"Participants of {study['study']}: {told(study) or BLANK}." for study in snapshot["studies"]]
    return " ".join([f"Annotators: {BLANK}.", *lines])


def _recruited(study: Mapping[str, Any]) -> str:
    way = WAYS.get(study["recruiting"], study["recruiting"])
    return f"recruited by {way}; pay: {study['pay'] or BLANK}"


def _consented(study: Mapping[str, Any]) -> str:
    until = study["withdrawal_until"] or BLANK
    age = study["minimum_age"]
    return f"each consented before the first pair (minimum age {age}); withdrawal is possible until: {until}"


def _days(snapshot: Snapshot) -> str:
    days = sorted({row["day"] for row in snapshot["ratings"] if row["day"]})
    return f"Judgments from {days[0]} to {days[-1]}." if days else BLANK


def _labelling(snapshot: Snapshot) -> list[Answered]:
    encoders = ", ".join(row["name"] for row in snapshot["encoders"]) or "none"
    return [
        (
            "What was done to the raw data?",
            (
                "Each candidate caption was judged under the guidelines. A version goes out when its verdict is good:"
                " adjudicated, else unanimous; an edited text needs the good of somebody else than its editor."
            ),
        ),
        ("Which models took part?", f"{encoders}; weights by SHA-256 and thresholds are in snapshot.json."),
        ("Is the raw data kept?", "The text as imported stands in captions.csv (`imported_text`)."),
        (
            "Is the software at hand?",
            "Every file of the release is rebuilt to the byte from snapshot.json: `manage.py verify_release FILE`.",
        ),
    ]


def _uses() -> list[Answered]:
    return [
        ("Has it been used already?", BLANK),
        ("What else could it be used for?", BLANK),
        ("What should it not be used for?", "Training on it makes it useless as a test. " + BLANK),
    ]


def _distribution(snapshot: Snapshot) -> list[Answered]:
    return [
        ("How and when is it distributed?", f"Frozen on {snapshot['frozen']}. {BLANK}"),
        (
            "Under which licence?",
            (
                f"Captions and labels: {snapshot['licence'] or BLANK}. Images keep theirs, see ATTRIBUTION.md; terms of"
                " the sources of captions stand in captions.csv (`terms`)."
            ),
        ),
    ]


def _maintenance() -> list[Answered]:
    return [
        ("Who maintains it, and how are they reached?", BLANK),
        ("How does one ask for a takedown?", BLANK),
        (
            "Will there be newer versions?",
            "Versions are numbered semantically; an older one is never changed.",
        ),
    ]
