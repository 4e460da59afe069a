"""Croissant 1.0 metadata of a release, with the vocabulary for responsible AI; record sets read the Parquet files."""

from collections.abc import Mapping
from typing import Any

from releases.formats.parquet import Column, Kind
from releases.known import BLANK_PLAIN, collected, flow_sentence
from releases.rows import TABLES, Snapshot, Table

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
TYPES = {Kind.TEXT: "sc:Text", Kind.INT: "sc:Integer", Kind.FLOAT: "sc:Float", Kind.BOOL: "sc:Boolean"}
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def croissant(snapshot: Snapshot, canary: str, files: Mapping[str, str]) -> dict[str, Any]:
    """Return the metadata; `files` gives the SHA-256 of each Parquet file by its path."""
    project = snapshot["project"]
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": project["name"],
        "description": project["description"] or BLANK_PLAIN,
        "version": snapshot["number"],
        "datePublished": snapshot["frozen"],
        "license": snapshot["licence"] or BLANK_PLAIN,
        "url": BLANK_PLAIN,
        "citeAs": BLANK_PLAIN,
        "creator": {"@type": "Organization", "name": BLANK_PLAIN},
        "identifier": canary,
        **_responsible(snapshot),
        "distribution": _file_objects(files),
        "recordSet": [_record_set(table) for table in TABLES if table_path(table) in files],
    }


def table_path(table: Table) -> str:
    """Return where a table lies as Parquet."""
    return f"parquet/{table.name}.parquet"


def _responsible(snapshot: Snapshot) -> dict[str, Any]:
    raters = len({row["rater_id"] for row in snapshot["ratings"]})
    judged = [
        caption["judgments"]["judgments"] for image in snapshot["images"] for caption in image["captions"]
    ]
    span = f"{min(judged)} to {max(judged)}" if judged else "no"
    return {
        "rai:dataCollection": collected(snapshot),
        "rai:dataPreprocessingProtocol": flow_sentence(snapshot),
        "rai:dataAnnotationProtocol": "Each caption was judged under the guidelines in guidelines.md, which are those"
        " that annotators read, word for word.",
        "rai:annotationsPerItem": f"{span} judgments of each released caption",
        "rai:annotatorDemographics": f"{raters} annotators; demographics are not part of the release.",
        "rai:dataAnnotationAnalysis": "agreement.json holds the agreement between annotators with n and intervals.",
        "rai:machineAnnotationTools": [
            f"{row['name']} (weights {row['weights_sha256']})" for row in snapshot["encoders"]
        ],
        "rai:personalSensitiveInformation": "Raters and participants are under pseudonyms that are new in each release;"
        " times are coarsened to the day, durations binned. Photographs and captions may show or name people.",
        "rai:dataReleaseMaintenancePlan": BLANK_PLAIN,
        "rai:dataUseCases": BLANK_PLAIN,
        "rai:dataLimitations": BLANK_PLAIN,
    }


def _file_objects(files: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "@type": "cr:FileObject",
            "@id": path,
            "name": path,
            "contentUrl": path,
            "encodingFormat": "application/x-parquet",
            "sha256": sha256,
        }
        for path, sha256 in files.items()
    ]


def _record_set(table: Table) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": table.told,
        "field": [_field(table, column) for column in table.columns],
    }


def _field(table: Table, column: Column) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{table.name}/{column.name}",
        "name": column.name,
        "dataType": TYPES[column.kind],
        "source": {
            "fileObject": {"@id": table_path(table)},
            "extract": {"column": column.name},
        },
    }
