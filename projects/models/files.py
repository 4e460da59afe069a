"""Bytes, addressed by their SHA-256."""

from django.core.validators import RegexValidator
from django.db import models


class StoredFile(models.Model):
    """One content, stored once however often it is used; the bytes lie in the file store under its hash."""

    sha256 = models.CharField(max_length=64, unique=True, validators=[RegexValidator(r"^[0-9a-f]{64}$")])
    size = models.BigIntegerField()
    media_type = models.CharField(max_length=80)
    stored_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(size__gte=0), name="stored_file_size_not_negative"),
            models.CheckConstraint(
                condition=models.Q(sha256__regex=r"^[0-9a-f]{64}$"), name="stored_file_hash_form"
            ),
        ]

    def __str__(self) -> str:
        return self.sha256[:12]
