"""Croissant 1.1 metadata of a release with provenance, terms and responsible AI; record sets read the Parquet files."""

from collections.abc import Mapping
from typing import Any

from releases.codebook import MEANINGS
from releases.formats.parquet import Column, Kind
from releases.formats.provenance import generated_by, provenance, usage
from releases.known import BLANK_PLAIN, collected, extra_notes, flow_sentence, licence_address
from releases.rows import Snapshot, Table, tables_of

CONFORMS_TO = ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"]
TYPES = {Kind.TEXT: "sc:Text", Kind.INT: "sc:Integer", Kind.FLOAT: "sc:Float", Kind.BOOL: "sc:Boolean"}
# What the columns of a table say of the column beside them, as properties of PROV-O.
SAID_OF = {
    ("captions", "text"): ("source", "prov:wasDerivedFrom"),
    ("judgments", "outcome"): ("rater_id", "prov:wasAttributedTo"),
    ("votes", "is_yes"): ("encoder", "prov:wasAttributedTo"),
}
PERSONAL = (
    "Raters and participants are under pseudonyms that are new in each release; times are coarsened to the day,"
    " durations binned. Photographs and captions may show or name people."
)
KEYS = {"images": "id", "captions": "caption_id", "negatives": "caption_id"}
IN_CROISSANT = (
    "annotation arrayShape citeAs column containedIn equivalentProperty excludes extract field fileObject fileProperty"
    " fileSet format includes isArray isLiveDataset jsonPath key md5 parentField path readLines recordSet references"
    " regex repeated replace samplingRate sdVersion separator source subField transform unArchive value"
)
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    "prov": "http://www.w3.org/ns/prov#",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    **{name: f"cr:{name}" for name in IN_CROISSANT.split()},
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
        "sdVersion": snapshot["number"],
        "datePublished": snapshot["frozen"],
        "license": _licence(snapshot["licence"]),
        "usageInfo": usage(snapshot),
        "url": BLANK_PLAIN,
        "citeAs": BLANK_PLAIN,
        "creator": {"@type": "Organization", "name": BLANK_PLAIN},
        "identifier": canary,
        **_responsible(snapshot),
        **provenance(snapshot),
        "distribution": _file_objects(files),
        "recordSet": [
            _record_set(snapshot, table) for table in tables_of(snapshot) if table_path(table) in files
        ],
    }


def _licence(name: str) -> str | dict[str, str]:
    """Return the address of a known licence; of another one what it is called."""
    if not name:
        return BLANK_PLAIN
    return licence_address(name) or {"@type": "CreativeWork", "name": name}


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
        "rai:personalSensitiveInformation": " ".join([PERSONAL, *extra_notes(snapshot)]),
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


def _record_set(snapshot: Snapshot, table: Table) -> dict[str, Any]:
    key = KEYS.get(table.name)
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": table.told,
        **({"key": {"@id": f"{table.name}/{key}"}} if key else {}),
        **generated_by(snapshot, table.name),
        "field": [_field(table, column) for column in table.columns],
    }


def _field(table: Table, column: Column) -> dict[str, Any]:
    field = {
        "@type": "cr:Field",
        "@id": f"{table.name}/{column.name}",
        "name": column.name,
        "description": MEANINGS[table.name][column.name],
        "dataType": TYPES[column.kind],
        "source": _column(table, column.name),
    }
    if (table.name, column.name) in SAID_OF:
        other, meaning = SAID_OF[table.name, column.name]
        field["annotation"] = {
            "@type": "cr:Field",
            "@id": f"{table.name}/{column.name}/{other}",
            "dataType": "sc:Text",
            "equivalentProperty": meaning,
            "source": _column(table, other),
        }
    return field


def _column(table: Table, name: str) -> dict[str, Any]:
    return {"fileObject": {"@id": table_path(table)}, "extract": {"column": name}}
