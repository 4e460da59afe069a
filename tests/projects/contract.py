"""What of a newer OpenAPI document would break a client of an older one."""

from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")


def breaking_changes(old: Document, new: Document) -> list[str]:
    """Return a sentence for each change that a client of the old document can run into.

    Addresses, methods, parameters, fields of answers and values of choices must stay; what a request needs may not
    grow; types may not change. New addresses, optional parameters and fields of answers break nobody.
    """
    return [*_addresses(old, new), *_components(old, new)]


def _addresses(old: Document, new: Document) -> Iterator[str]:
    for path, methods in old["paths"].items():
        for method in (name for name in METHODS if name in methods):
            place = f"{method.upper()} {path}"
            now = new["paths"].get(path, {}).get(method)
            if now is None:
                yield f"{place} is gone"
                continue
            yield from _parameters(place, methods[method], now)
            for status in set(methods[method]["responses"]) - set(now["responses"]):
                yield f"{place} no longer answers {status}"


def _parameters(place: str, old: Document, new: Document) -> Iterator[str]:
    before = {(row["in"], row["name"]): row for row in old.get("parameters", ())}
    after = {(row["in"], row["name"]): row for row in new.get("parameters", ())}
    yield from (f"{place} lost its parameter {name}" for _place, name in before.keys() - after.keys())
    for key, row in after.items():
        if row.get("required") and not before.get(key, {}).get("required"):
            yield f"{place} needs the parameter {key[1]} now"
        if key in before:
            yield from _type(f"{place}, {key[1]}", before[key]["schema"], row["schema"])


def _components(old: Document, new: Document) -> Iterator[str]:
    after = new["components"]["schemas"]
    for name, schema in old["components"]["schemas"].items():
        if name not in after:
            yield f"{name} is gone"
            continue
        yield from _type(name, schema, after[name])


def _type(place: str, old: Document, new: Document) -> Iterator[str]:
    if old.get("type") != new.get("type") or old.get("$ref") != new.get("$ref"):
        yield f"{place} is of another type"
    yield from (
        f"{place} lost the value {value}" for value in set(old.get("enum", ())) - set(new.get("enum", ()))
    )
    if not old.get("nullable") and new.get("nullable"):
        yield f"{place} may be null now"
    before, after = old.get("properties", {}), new.get("properties", {})
    yield from (f"{place} lost its field {field}" for field in before.keys() - after.keys())
    if place.endswith("Request"):
        yield from (
            f"{place} needs {field} now"
            for field in set(new.get("required", ())) - set(old.get("required", ()))
        )
    for field in before.keys() & after.keys():
        yield from _type(f"{place}.{field}", before[field], after[field])
    if "items" in old and "items" in new:
        yield from _type(f"{place}[]", old["items"], new["items"])
