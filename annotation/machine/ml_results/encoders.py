"""Encoders as the database knows them: one row for the weights under a name."""

from collections.abc import Mapping
from typing import Any

from annotation.models import (
    Encoder,
)
from annotation.models.machine import Precision


def register_encoder(
    *,
    name: str,
    weights_hash: str,
    source: str,
    dimension: int,
    preprocessing: str,
    licence: str,
    precision: str = Precision.FLOAT32,
    precision_trial: Mapping[str, Any] | None = None,
) -> int:
    """Return the row of these weights under this name, made now if it is new; one that is there keeps its precision."""
    row, _created = Encoder.objects.get_or_create(
        name=name,
        weights_hash=weights_hash,
        defaults={
            "source": source[:300],
            "dimension": dimension,
            "preprocessing": preprocessing,
            "licence": licence,
            "precision": precision,
            "precision_trial": dict(precision_trial or {}),
        },
    )
    return row.pk


def encoder_precision(name: str, weights_hash: str) -> str | None:
    """Return the precision of all features of these weights under this name; None where they are new."""
    rows = Encoder.objects.filter(name=name, weights_hash=weights_hash)
    return rows.values_list("precision", flat=True).first()


def encoder_name(encoder_id: int) -> str:
    """Return the name under which an encoder was asked for."""
    return Encoder.objects.values_list("name", flat=True).get(pk=encoder_id)
