"""Captions of some rows of a corpus, and which of them are of one picture."""

from collections.abc import Collection

from ml_workers.corpora.layout import Corpus, read_shard
from ml_workers.corpora.rows import CorpusRow


def captions_of_rows(corpus: Corpus, rows: Collection[int]) -> dict[int, CorpusRow]:
    """The rows of the corpus with these numbers, the files read as streams; those that cannot be used are missing.

    Raises CorpusRefused where a file has changed since the corpus was opened.
    """
    wanted = sorted(set(rows))
    found: dict[int, CorpusRow] = {}
    first = 0
    for shard in corpus.shards:
        here = [row for row in wanted if first <= row < first + shard.n_rows]
        if here:
            known = set(here)
            for row in read_shard(corpus, shard, here[0] - first):
                number = first + row.number
                if number > here[-1]:
                    break
                if number in known and isinstance(row, CorpusRow):
                    found[number] = row
        first += shard.n_rows
    return found


def rows_of_the_same_picture(rows: dict[int, CorpusRow], number: int) -> list[int]:
    """The rows around this one, itself included, that follow one another with its address; it alone without one."""
    own = rows[number]
    if not own.url:
        return [number]
    same = [number]
    for step in (-1, 1):
        at = number + step
        while at in rows and rows[at].url == own.url:
            same.append(at)
            at += step
    return sorted(same)
