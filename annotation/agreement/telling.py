"""A report of agreement as plain values, for scripts and files."""

from typing import Any

from annotation.models import AgreementReport


def told_report(report: AgreementReport) -> dict[str, Any]:
    """Return every figure of a report with its scope, parameters and code version."""
    return {
        "report": str(report.public_id),
        "project": report.project.slug,
        "labels": report.schema.name,
        "batch": str(report.batch.public_id) if report.batch else None,
        "batches": [str(batch.public_id) for batch in report.batches.all()],
        "made_at": report.made_at.isoformat(),
        "code_version": report.code_version,
        "includes_demo_judgments": report.includes_demo,
        **report.figures,
    }
