"""Pictures that a list of addresses names: fetched a few at a time, added like those of an archive."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from annotation.importing.describing import described_columns
from annotation.importing.images import KeyedFile, Refusal, add_images
from annotation.importing.reading_images import LARGEST_PICTURE, Found
from annotation.importing.reading_rows import Row
from annotation.importing.records import RECORDS
from annotation.importing.requesting import IMAGE_COLUMNS
from annotation.importing.sources import by_item, listed_addresses, project_of, table_rows
from annotation.models import Image
from polyannot.kernel.fetching import FetchLimits, FetchRefused, fetch
from projects.models import Job

# Pictures that one worker fetches beside each other; as many are in memory.
AT_ONCE = 4
# A part takes at most PER_PART / AT_ONCE times the seconds of one fetch: 4 minutes.
PER_PART = 16
SECONDS = 60.0
# Stores of files often say octet-stream or nothing; what came is looked at all the same.
MEDIA_TYPES = ("image/", "application/octet-stream", "binary/octet-stream", "")
LIMITS = FetchLimits(most_bytes=LARGEST_PICTURE, seconds=SECONDS, media_types=MEDIA_TYPES)

Wanted = tuple[Row, str]


def run_addresses(job: Job, lines: Sequence[int]) -> list[Refusal]:
    """Fetch and add the pictures of these rows; those that came from the same address before are not asked for."""
    wanted, refused = usable_addresses(job, lines)
    keys = [row.cells["key"] for row, _item in wanted]
    there = dict(
        Image.objects.filter(project=project_of(job), key__in=keys).values_list("key", "fetched_from")
    )
    missing = [pair for pair in wanted if there.get(pair[0].cells["key"]) != pair[0].cells["url"]]
    return refused + add_images(job=job, project=project_of(job), files=_fetched(missing))


def usable_addresses(job: Job, lines: Sequence[int]) -> tuple[list[Wanted], list[Refusal]]:
    """Return the rows that can be used with what they are told by, and the others with the reason."""
    table = job.parameters["images"] | {"kind": RECORDS}
    wrong = [(row.line, row.problem) for row in table_rows(table, IMAGE_COLUMNS, lines) if row.problem]
    refused = by_item(table, wrong)
    usable = []
    for row, item in listed_addresses(table, lines):
        try:
            described_columns(row.cells)
            usable.append((row, item))
        except ValueError as error:
            refused.append((item, str(error)))
    return usable, refused


def _fetched(wanted: Sequence[Wanted]) -> Iterator[KeyedFile]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for start in range(0, len(wanted), AT_ONCE):
            yield from pool.map(_fetch, wanted[start : start + AT_ONCE])


def _fetch(pair: Wanted) -> KeyedFile:
    row, item = pair
    key, url = row.cells["key"], row.cells["url"]
    try:
        found = Found(row.line, item, fetch(url, LIMITS).content)
    except FetchRefused as error:
        found = Found(row.line, item, problem=str(error.message))
    return KeyedFile(found, key, fetched_from=url)
