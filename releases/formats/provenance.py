"""Where a release comes from and on what terms, in the words of W3C PROV-O and schema.org that Croissant 1.1 takes."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from releases.known import licence_address, sources
from releases.rows import Snapshot

Node = dict[str, Any]
# Nodes that are named again elsewhere in the metadata.
JUDGING, VOTING, CHOOSING, ASKING = "judging", "model-votes", "choice-of-captions", "studies"
GUIDELINES = "guidelines.md"


def provenance(snapshot: Snapshot) -> Node:
    """Return what the whole data set was derived from and which activities made it."""
    return {
        "prov:wasDerivedFrom": [*_earlier(snapshot), *_caption_sources(snapshot), *_image_sources(snapshot)],
        "prov:wasGeneratedBy": [
            _judging(snapshot),
            *_voting(snapshot),
            *_choosing(snapshot),
            *_asking(snapshot),
        ],
    }


def generated_by(snapshot: Snapshot, table: str) -> Node:
    """Return which activity made the rows of a table, or nothing where they were imported."""
    known = {row["@id"] for row in provenance(snapshot)["prov:wasGeneratedBy"]}
    maker = {
        "captions": CHOOSING,
        "negatives": JUDGING,
        "judgments": JUDGING,
        "votes": VOTING,
        "human_evaluation": ASKING,
    }.get(table)
    return {"prov:wasGeneratedBy": {"@id": maker}} if maker in known else {}


def usage(snapshot: Snapshot) -> list[Node]:
    """Return the terms of each part: captions and labels, images by licence, captions by the terms of their source."""
    told = []
    if snapshot["licence"]:
        told.append(
            _terms(
                f"Captions and labels: {snapshot['licence']}",
                address=licence_address(snapshot["licence"]),
                n=sum(len(image["captions"]) for image in snapshot["images"]),
                noun="captions",
            )
        )
    images = Counter((row["licence"], row["licence_url"]) for row in snapshot["images"] if row["licence"])
    for (licence, url), n in sorted(images.items()):
        told.append(_terms(f"Images: {licence}", address=url or licence_address(licence), n=n, noun="images"))
    captions = Counter(
        (row["provenance"]["source"], row["provenance"]["terms"])
        for image in snapshot["images"]
        for row in image["captions"]
        if row["provenance"]["terms"]
    )
    for (source, terms), n in sorted(captions.items()):
        told.append(
            _terms(
                f"Captions of {source}: {terms}",
                address=licence_address(terms),
                n=n,
                noun="captions as imported",
            )
        )
    return told


def _terms(name: str, *, address: str, n: int, noun: str) -> Node:
    node: Node = {"@type": "CreativeWork", "name": name, "description": f"Holds for {n} {noun}."}
    return node | ({"url": address} if address else {})


def _earlier(snapshot: Snapshot) -> list[Node]:
    earlier = snapshot.get("earlier_release")
    if earlier is None:
        return []
    return [
        _entity(f"release-{earlier['number']}", f"Release {earlier['number']} (canary {earlier['canary']})")
    ]


def _caption_sources(snapshot: Snapshot) -> list[Node]:
    return [
        _entity(f"source-of-captions-{place}", f"Captions: {name}")
        for place, name in enumerate(sources(snapshot), start=1)
    ]


def _image_sources(snapshot: Snapshot) -> list[Node]:
    names = sorted({image["source"] for image in snapshot["images"] if image["source"]})
    return [
        _entity(f"source-of-images-{place}", f"Images: {name}") for place, name in enumerate(names, start=1)
    ]


def _entity(name: str, label: str) -> Node:
    return {"@type": "prov:Entity", "@id": name, "prov:label": label}


def _judging(snapshot: Snapshot) -> Node:
    days = sorted({row["day"] for row in snapshot["ratings"] if row["day"]})
    raters = len({row["rater_id"] for row in snapshot["ratings"]})
    activity = _activity(
        JUDGING,
        "People judged and repaired candidate captions under the guidelines",
        {"@type": "prov:Agent", "@id": "annotators", "prov:label": f"{raters} annotators under pseudonyms"},
    )
    activity["prov:used"] = {"@type": "prov:Entity", "@id": GUIDELINES, "prov:label": "Guidelines, verbatim"}
    if days:
        activity |= {"prov:startedAtTime": days[0], "prov:endedAtTime": days[-1]}
    return activity


def _voting(snapshot: Snapshot) -> list[Node]:
    names = {
        vote["encoder"]
        for image in snapshot["images"]
        for caption in image["captions"]
        for vote in (caption["difficulty"] or {}).get("votes", ())
    }
    if not names:
        return []
    return [
        _activity(VOTING, "Models voted on how hard each caption is", *_software(snapshot, names, "voter"))
    ]


def _choosing(snapshot: Snapshot) -> list[Node]:
    names = {image["choice"]["encoder"] for image in snapshot["images"]}
    if not names:
        return []
    label = "The captions of each image were chosen from its good ones to be diverse"
    return [_activity(CHOOSING, label, *_software(snapshot, names, "chooser"))]


def _asking(snapshot: Snapshot) -> list[Node]:
    shares = [
        share
        for image in snapshot["images"]
        for caption in image["captions"]
        for share in caption["human_evaluation"]
    ]
    if not shares:
        return []
    kind = "simulated participants" if all(share["is_simulated"] for share in shares) else "participants"
    agent = {"@type": "prov:Agent", "@id": "participants", "prov:label": f"{kind} of studies, not named"}
    return [_activity(ASKING, "Participants of studies answered whether a caption fits its image", agent)]


def _software(snapshot: Snapshot, names: set[str], role: str) -> list[Mapping[str, Any]]:
    weights = {row["name"]: row["weights_sha256"] for row in snapshot["encoders"]}
    return [
        {
            "@type": "prov:SoftwareAgent",
            "@id": f"{role}-{place}",
            "prov:label": f"{name} (weights {weights.get(name) or 'not listed'})",
        }
        for place, name in enumerate(sorted(names), start=1)
    ]


def _activity(name: str, label: str, *agents: Mapping[str, Any]) -> Node:
    return {
        "@type": "prov:Activity",
        "@id": name,
        "prov:label": label,
        "prov:wasAssociatedWith": list(agents),
    }
