"""What each column of a release means: one sentence for each, with its unit, its values and when it is empty."""

from collections.abc import Mapping

from releases import known
from releases.rows import Snapshot, tables_of

CANARY = (
    "Each CSV ends with one more column, `canary`: the mark of this release, the same in every row; in a table without"
    " rows its name holds the mark. It lets the text be found and kept out of training data."
)
_IMAGE = "public id of the image; holds for ever"
_CAPTION = "public id of this version of the caption; holds for ever"
_KEY = "natural key in the project, as it was imported"
_DEMO = "whether a script gave it, for a demonstration"
_ADJUDICATED = "final label where a head annotator decided, else empty"
MEANINGS: Mapping[str, Mapping[str, str]] = {
    "images": {
        "id": _IMAGE,
        "key": _KEY,
        "file": "path in this release, empty where the licence keeps the bytes out",
        "sha256": "SHA-256 of the original file, in hexadecimal",
        "width": "pixels of the original",
        "height": "pixels of the original",
        "title": "title as imported",
        "author": "author as imported; licences ask for it",
        "source": "where the image comes from",
        "source_url": "its address there",
        "licence": "licence as imported, by SPDX identifier where it has one",
        "licence_url": "address of the licence",
        "attribution": "what the licence asks to be said",
        "choice_method": "how the captions were chosen from the good ones",
        "choice_seed": "seed of that choice",
        "choice_encoder": "encoder in whose space captions were compared",
        "n_good": "good captions that the choice saw",
        "mean_similarity": "mean cosine between the chosen captions, -1 to 1",
        "random_mean_similarity": "the same for as many drawn at random: the baseline",
    },
    "captions": {
        "image_id": _IMAGE,
        "image_key": _KEY,
        "caption_id": _CAPTION,
        "caption_key": _KEY,
        "position": "place among the chosen captions of the image, from 0",
        "text": "the released text",
        "is_edited": "whether annotators changed the text",
        "edit_kinds": "what the edit repaired, separated by spaces",
        "imported_text": "the text as it was imported",
        "source": "where the caption comes from",
        "source_key": "its key there",
        "source_url": "its address there",
        "terms": "licence or terms of the source",
        "n_judgments": "current judgments of this version",
        "n_good": "of these, good as it is",
        "n_bad": "of these, bad",
        "n_unsure": "of these, unsure",
        "n_edited": "of these, good after an edit, which made another version",
        "adjudicated": _ADJUDICATED,
        "difficulty": "easy, medium or hard by votes of models; empty without a vote",
        "yes_votes": "models whose cosine reached their threshold",
        "n_votes": "models that voted",
        "is_demo": _DEMO,
    },
    "negatives": {
        "image_id": _IMAGE,
        "image_key": _KEY,
        "caption_id": _CAPTION,
        "caption_key": _KEY,
        "text": "text of a caption that people found bad for this image",
        "source": "where the caption comes from",
        "n_bad": "judgments that said bad",
        "adjudicated": _ADJUDICATED,
    },
    "votes": {
        "caption_id": _CAPTION,
        "encoder": "name of the model",
        "weights_sha256": "SHA-256 of its weights",
        "cosine": "cosine of image and caption, -1 to 1",
        "threshold": "cosine from which the model says yes",
        "is_yes": "whether it says yes",
        "is_tie_breaker": "whether it counts only when the others are even",
    },
    "human_evaluation": {
        "caption_id": _CAPTION,
        "image_id": _IMAGE,
        "study": "short name of the study",
        "n": "participants who answered; shares of fewer than five are withheld",
        "n_good": "of these, good",
        "share_good": "n_good / n, 0 to 1",
        "low": "lower end of Wilson's 95% interval",
        "high": "upper end of Wilson's 95% interval",
        "is_simulated": "whether the participants were simulated: then it is no result",
    },
    "studies": {
        "study": "short name of the study",
        "design": "how pairs are dealt to participants",
        "seed": "seed of every random choice in it",
        "launched": "day (UTC) on which pairs, texts and rules were frozen",
        "encoder": "model whose similarity ranks its hard pairs",
        "hard_pairs": "hard pairs asked about",
        "medium_pairs": "medium pairs asked about",
        "easy_pairs": "easy pairs asked about",
        "pairs_per_participant": "of these, how many each participant saw",
        "distractors_per_participant": "captions known to be bad that each saw",
        "controls_per_participant": "captions known to be good that each saw",
        "repeats_per_participant": "pairs that each saw twice",
        "leaves_out_excluded": "whether the shares are without those whom a declared rule leaves out",
        "preregistration_sha256": "SHA-256 of the pre-registration",
        "recruiting": "how participants came: by a link, single-use links or a platform",
        "pay": "what participants were promised, in the words of the consent",
        "ethics": "approval or exemption, in the words of the consent",
        "withdrawal_until": "until when they could withdraw, in the words of the consent",
        "minimum_age": "years",
        "is_demo": _DEMO,
    },
    "judgments": {
        "item_id": "public id of the judged version; also of versions that are not released",
        "image_id": "public id of the image: the cluster for resampling",
        "rater_id": "pseudonym of the annotator, new in each release",
        "round": "batch, numbered in the order of opening",
        "purpose": "what the batch was for: production, calibration, reannotation ...",
        "label": "the label that was given, see the table labels",
        "outcome": "the label, or good_after_edit where the annotator repaired the text",
        "mode": "how it was given: by key, click or in bulk",
        "is_revision": "whether it replaces an earlier one of the same annotator",
        "guideline": "number of the guidelines in force, see guidelines.md",
        "duration_s": "bin of the time taken in seconds, such as 2-5; empty where it was not measured",
        "day": "day (UTC); empty where the rater gave fewer than five judgments on it",
        "is_demo": _DEMO,
    },
    "labels": {
        "set": "set of labels",
        "level": "level of measurement: nominal, ordinal, interval or ratio",
        "label": "the label as it stands in judgments",
        "name": "what annotators read",
        "meaning": "what it does to the verdict: good, bad, unsure or neutral",
        "description": "when it is the right answer, as annotators were told",
    },
    "free_text": {
        "kind": "where it was written: note, skip_note, revert_reason, review_comment, review_reply, final_label_note,"
        " question, answer or precedent",
        "item_id": "public id of the version of the caption that it is about; empty where it is about the image",
        "image_id": _IMAGE,
        "round": "batch, numbered in the order of opening; empty where it belongs to none",
        "rater_id": "pseudonym of the annotator as in judgments; empty for whoever reviews, answers and rules",
        "text": "the text, word for word",
    },
    "demographics": {
        "study": "short name of the study",
        "question": "what was asked: language, country or age_band",
        "answer": "what was said; unsaid: preferred not to say; (other): rare answers together; (withheld): fewer than"
        " five people said anything",
        "n": "participants who said so; empty where it is withheld, never fewer than five",
        "n_people": "participants who were asked and finished; empty where it is withheld",
    },
    "tombstones": {
        "kind": "image or caption",
        "id": "public id that earlier releases called it by",
        "key": _KEY,
        "day": "day (UTC) on which it was taken down; empty where it is not known",
        "releases": "releases that hold it, separated by spaces",
    },
}


def codebook(snapshot: Snapshot, canary: str) -> bytes:
    """Return every table with its columns, their types and what they mean."""
    parts = [known.canary_comment(canary), "# Codebook", ""]
    parts += [
        "Empty cells of CSV and nulls of Parquet: not known, withheld, or not applicable, as each line says.",
        "",
        CANARY,
    ]
    for table in tables_of(snapshot):
        parts += ["", f"## {table.name}", "", f"{table.told[0].upper()}{table.told[1:]}.", ""]
        parts += ["| column | type | what it is |", "|---|---|---|"]
        meanings = MEANINGS[table.name]
        parts += [
            f"| {each.name} | {each.kind.name.lower()} | {meanings[each.name]} |" for each in table.columns
        ]
    return known.lines(*parts)
