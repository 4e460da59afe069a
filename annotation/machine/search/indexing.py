"""An index of what is near for each encoder that has embedded much: made by the default worker, used by searching.py.

Features of different encoders have different lengths and never meet, so each encoder and modality has an index of its
own; none is made where comparing everything is quick.
"""

from django.db import connection
from django.db.models import Count

from annotation.machine.search.searching import EXACT_UP_TO
from annotation.models import Embedding, Encoder
from annotation.models.machine import Modality

# Links of each vector and candidates while building (HNSW), and what the build may hold in memory.
LINKS, CANDIDATES, MEMORY = 16, 64, "512MB"
# Two workers never build at once.
LOCK = 7_046_029

IS_THERE = """\
SELECT i.indisvalid FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid WHERE c.relname = %s
"""


def index_name(encoder: Encoder, modality: str) -> str:
    """Return the name of the index of an encoder's features."""
    return f"embedding_near_{encoder.pk}_{modality}"


def index_embeddings(*, from_rows: int = EXACT_UP_TO) -> list[str]:
    """Make what indexes are missing, and those again whose building was broken off; return their names.

    Runs outside a transaction: people go on writing embeddings meanwhile.
    """
    made: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return made
        try:
            many = Embedding.objects.values("encoder", "modality").annotate(n=Count("pk")).order_by()
            for row in many.filter(n__gt=from_rows):
                encoder = Encoder.objects.get(pk=row["encoder"])
                if _make(encoder, Modality(row["modality"])):
                    made.append(index_name(encoder, row["modality"]))
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    return made


def _make(encoder: Encoder, modality: Modality) -> bool:
    name = index_name(encoder, modality)
    with connection.cursor() as cursor:
        cursor.execute(IS_THERE, [name])
        there = cursor.fetchone()
        if there is not None and there[0]:
            return False
        cursor.execute(f"DROP INDEX IF EXISTS {name}")
        cursor.execute("SET maintenance_work_mem = %s", [MEMORY])
        try:
            cursor.execute(
                f"CREATE INDEX CONCURRENTLY {name} ON annotation_embedding"
                f" USING hnsw ((vector::halfvec({int(encoder.dimension)})) halfvec_ip_ops)"
                f" WITH (m = {LINKS}, ef_construction = {CANDIDATES})"
                f" WHERE encoder_id = {int(encoder.pk)} AND modality = '{modality.value}'"
            )
        finally:
            cursor.execute("RESET maintenance_work_mem")
    return True
