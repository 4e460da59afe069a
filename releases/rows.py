"""The tables of a release: their columns, and the flat rows that the snapshot gives."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from releases.formats.parquet import Column, Kind

Snapshot = Mapping[str, Any]
Row = dict[str, Any]

EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}
KINDS = {"": Kind.TEXT, "int": Kind.INT, "float": Kind.FLOAT, "bool": Kind.BOOL}


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its name, its columns, how its rows are read from a snapshot, and what a row is."""

    name: str
    columns: tuple[Column, ...]
    rows: Callable[[Snapshot], Iterator[Row]]
    told: str

    @property
    def names(self) -> list[str]:
        """Return the names of the columns."""
        return [column.name for column in self.columns]


def _columns(told: str) -> tuple[Column, ...]:
    """Return columns from words like `name` (text), `n:int`, `share:float`, `is_so:bool`."""
    parts = [word.partition(":") for word in told.split()]
    return tuple(Column(name, KINDS[kind]) for name, _colon, kind in parts)


def image_file(image: Mapping[str, Any]) -> str:
    """Return the file name of an image, whether or not its bytes are in the bundle."""
    return f"{image['id']}.{EXTENSIONS.get(image['media_type'], 'bin')}"


def image_path(image: Mapping[str, Any]) -> str:
    """Return where the image's bytes lie in the bundle, or an empty text when its licence keeps them out."""
    return f"images/{image_file(image)}" if image["may_redistribute"] else ""


def figure_path(figure: Mapping[str, Any], form: str = "svg") -> str:
    """Return where a figure lies in the bundle, as a drawing or (`form` csv) as the rows behind it."""
    return f"figures/{figure['name']}.{form}"


def image_rows(snapshot: Snapshot) -> Iterator[Row]:
    """Yield a row for each image."""
    for image in snapshot["images"]:
        choice = image["choice"]
        yield {
            **image,
            "file": image_path(image),
            "choice_method": choice["method"],
            "choice_seed": choice["seed"],
            "choice_encoder": choice["encoder"],
            "n_good": choice["n_good"],
            "mean_similarity": choice["mean_similarity"],
            "random_mean_similarity": choice["random_mean_similarity"],
        }


def caption_rows(snapshot: Snapshot) -> Iterator[Row]:
    """Yield a flat row for each released caption."""
    for image in snapshot["images"]:
        for caption in image["captions"]:
            judged = caption["judgments"]
            difficulty = caption["difficulty"] or {}
            yield {
                "image_id": image["id"],
                "image_key": image["key"],
                "caption_id": caption["id"],
                "caption_key": caption["caption_key"],
                "position": caption["position"],
                "text": caption["text"],
                "is_edited": caption["is_edited"],
                "edit_kinds": " ".join(caption["edit_kinds"]),
                "imported_text": caption["imported_text"],
                "source": caption["provenance"]["source"],
                "source_key": caption["provenance"]["source_key"],
                "source_url": caption["provenance"]["source_url"],
                "terms": caption["provenance"]["terms"],
                "n_judgments": judged["judgments"],
                **{f"n_{name}": judged[name] for name in ("good", "bad", "unsure", "edited")},
                "adjudicated": caption["adjudicated"],
                "difficulty": difficulty.get("level"),
                "yes_votes": difficulty.get("yes_votes"),
                "n_votes": difficulty.get("n_votes"),
                "is_demo": caption["is_demo"],
            }


def negative_rows(snapshot: Snapshot) -> Iterator[Row]:
    """Yield the one caption of each image that people found bad for it."""
    for image in snapshot["images"]:
        if (negative := image["negative"]) is not None:
            names = ("caption_key", "text", "source", "n_bad", "adjudicated")
            yield {
                "image_id": image["id"],
                "image_key": image["key"],
                "caption_id": negative["id"],
                **{name: negative[name] for name in names},
            }


def vote_rows(snapshot: Snapshot) -> Iterator[Row]:
    """Yield each model's vote on each released caption."""
    for image in snapshot["images"]:
        for caption in image["captions"]:
            for vote in (caption["difficulty"] or {}).get("votes", ()):
                yield {"caption_id": caption["id"], **vote}


def evaluation_rows(snapshot: Snapshot) -> Iterator[Row]:
    """Yield the share good of each released caption in each study, with n and Wilson interval."""
    for image in snapshot["images"]:
        for caption in image["captions"]:
            for share in caption["human_evaluation"]:
                yield {"caption_id": caption["id"], "image_id": image["id"], **share}


def rating_rows(snapshot: Snapshot) -> Iterator[Row]:
    """Yield each current judgment under the pseudonyms of this release."""
    yield from snapshot["ratings"]


def label_rows(snapshot: Snapshot) -> Iterator[Row]:
    """Yield each label of the sets that were used."""
    yield from snapshot["labels"]


def study_rows(snapshot: Snapshot) -> Iterator[Row]:
    """Yield each study behind the human evaluation."""
    yield from snapshot["studies"]


def free_text_rows(snapshot: Snapshot) -> Iterator[Row]:
    """Yield each text that people wrote while they worked, where it was asked for."""
    yield from snapshot["free_text"]


def demographic_rows(snapshot: Snapshot) -> Iterator[Row]:
    """Yield how many participants of a study said what of themselves, where it was asked for."""
    yield from snapshot["demographics"]


def tombstone_rows(snapshot: Snapshot) -> Iterator[Row]:
    """Yield each image, and each version of a caption, that was taken down after a release held it."""
    yield from snapshot["tombstones"]


TABLES = (
    Table(
        "images",
        _columns(
            "id key file sha256 width:int height:int title author source source_url licence licence_url attribution"
            " choice_method choice_seed:int choice_encoder n_good:int mean_similarity:float"
            " random_mean_similarity:float"
        ),
        image_rows,
        "images with licence, attribution and SHA-256; `file` is empty where the licence keeps the bytes out",
    ),
    Table(
        "captions",
        _columns(
            "image_id image_key caption_id caption_key position:int text is_edited:bool edit_kinds imported_text"
            " source source_key source_url terms n_judgments:int n_good:int n_bad:int n_unsure:int n_edited:int"
            " adjudicated difficulty yes_votes:int n_votes:int is_demo:bool"
        ),
        caption_rows,
        "the released captions with provenance, judgments and difficulty",
    ),
    Table(
        "negatives",
        _columns("image_id image_key caption_id caption_key text source n_bad:int adjudicated"),
        negative_rows,
        "for each image one caption that annotators judged bad for it",
    ),
    Table(
        "votes",
        _columns(
            "caption_id encoder weights_sha256 cosine:float threshold:float is_yes:bool is_tie_breaker:bool"
        ),
        vote_rows,
        "each model's vote, cosine and threshold behind the difficulty",
    ),
    Table(
        "human_evaluation",
        _columns(
            "caption_id image_id study n:int n_good:int share_good:float low:float high:float is_simulated:bool"
        ),
        evaluation_rows,
        "share of participants who answered good, with n and 95% Wilson interval",
    ),
    Table(
        "studies",
        _columns(
            "study design seed:int launched encoder hard_pairs:int medium_pairs:int easy_pairs:int"
            " pairs_per_participant:int distractors_per_participant:int controls_per_participant:int"
            " repeats_per_participant:int leaves_out_excluded:bool preregistration_sha256 recruiting pay ethics"
            " withdrawal_until minimum_age:int is_demo:bool"
        ),
        study_rows,
        "the studies behind the human evaluation: design, seed, and what participants were promised",
    ),
    Table(
        "judgments",
        _columns(
            "item_id image_id rater_id round purpose label outcome mode is_revision:bool guideline:int duration_s day"
            " is_demo:bool"
        ),
        rating_rows,
        "one row for each rating; `rater_id` is new in each release",
    ),
    Table(
        "labels",
        _columns("set level label name meaning description"),
        label_rows,
        "the labels that judgments were given with, and what each means",
    ),
    Table(
        "tombstones",
        _columns("kind id key day releases"),
        tombstone_rows,
        "what earlier releases held and was taken down since: please delete it from your copies",
    ),
)

# In a release whose snapshot has rows, or an empty list, under the table's name: only when somebody asked for it.
EXTRA_TABLES = (
    Table(
        "free_text",
        _columns("kind item_id image_id round rater_id text"),
        free_text_rows,
        "notes, reasons, comments and questions, word for word as people wrote them while they worked",
    ),
    Table(
        "demographics",
        _columns("study question answer n:int n_people:int"),
        demographic_rows,
        "how many participants of a study said what of themselves; joined to no answer",
    ),
)


def tables_of(snapshot: Snapshot) -> tuple[Table, ...]:
    """Return the tables of a release: those that all have, then those that were asked for."""
    return (*TABLES, *(table for table in EXTRA_TABLES if table.name in snapshot))
