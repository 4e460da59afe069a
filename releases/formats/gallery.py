"""A page with every image and its captions, for the eye: no script, nothing from the network, its own styles inside."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from releases.known import canary_comment
from releases.rows import Snapshot, figure_path, image_path

STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 75rem; padding: 1.5rem; }
h1 { font-size: 1.6rem; margin: 0; }
ul.images { display: grid; gap: 2rem 1.5rem; grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); padding: 0; }
ul.images > li { content-visibility: auto; contain-intrinsic-size: auto 24rem; list-style: none; }
img, .absent { background: color-mix(in srgb, currentColor 8%, transparent); display: block; width: 100%;
  aspect-ratio: 3 / 2; object-fit: contain; }
.absent { align-content: center; box-sizing: border-box; padding: 1rem; text-align: center; }
ol { margin: .5rem 0; padding-inline-start: 1.4rem; }
ul.figures { display: grid; gap: 1.5rem; padding: 0;
  grid-template-columns: repeat(auto-fill, minmax(min(30rem, 100%), 1fr)); }
ul.figures > li { list-style: none; }
img.figure { aspect-ratio: auto; background: #fff; }
h2 { font-size: 1rem; margin: .5rem 0; }
.soft { opacity: .75; font-size: .85rem; margin: .25rem 0; overflow-wrap: anywhere; }
.level { border: 1px solid; border-radius: .25rem; font-size: .75rem; padding: 0 .3rem; white-space: nowrap; }
"""


def gallery(snapshot: Snapshot, canary: str) -> Iterator[bytes]:
    """Yield the page in pieces; pictures are those of the folder images/ beside it."""
    title = escape(f"{snapshot['project']['name']} {snapshot['number']}")
    n_images = len(snapshot["images"])
    captions = sum(len(image["captions"]) for image in snapshot["images"])
    note = " Part of the work was played by a script: no data." if snapshot["project"]["is_demo"] else ""
    yield (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">{canary_comment(canary)}\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src 'self' file:;"
        " style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title><style>{STYLE}</style></head>\n<body><h1>{title}</h1>\n"
        f'<p class="soft">{n_images} images, {captions} captions.{note}</p>\n'
    ).encode()
    yield _figures(snapshot).encode()
    yield b'<ul class="images">\n'
    for image in snapshot["images"]:
        yield _image(image).encode()
    yield b"</ul></body></html>\n"


def _figures(snapshot: Snapshot) -> str:
    """Return the drawings of figures/, folded away, each with its description and the rows behind it."""
    if not snapshot["figures"]:
        return ""
    items = "".join(
        f"<li><h2>{escape(figure['title'])}</h2>"
        f'<img class="figure" src="{figure_path(figure)}" alt="{escape(figure["alt"])}" loading="lazy">'
        f'<p class="soft">{escape(figure["alt"])} <a href="{figure_path(figure, "csv")}">The numbers</a></p></li>\n'
        for figure in snapshot["figures"]
    )
    n = len(snapshot["figures"])
    return f'<details><summary>{n} figures</summary><ul class="figures">\n{items}</ul></details>\n'


def _image(image: Mapping[str, Any]) -> str:
    captions = "".join(
        f"<li>{escape(caption['text'])}{_level(caption['difficulty'])}</li>" for caption in image["captions"]
    )
    licence = escape(image["licence"] or "no licence named")
    said = escape(image["attribution"] or image["title"])
    return (
        f'<li id="{image["id"]}">{_picture(image)}<ol>{captions}</ol>'
        f'<p class="soft">{escape(image["key"])} · {said}{" · " if said else ""}{licence}</p></li>\n'
    )


def _level(difficulty: Mapping[str, Any] | None) -> str:
    return f' <span class="level">{escape(difficulty["level"])}</span>' if difficulty else ""


def _picture(image: Mapping[str, Any]) -> str:
    if path := image_path(image):
        name = escape(image["title"] or image["key"])
        return f'<img src="{path}" alt="{name}" width="{image["width"]}" height="{image["height"]}" loading="lazy">'
    url = escape(image["source_url"])
    shown = f'<a href="{url}" rel="noreferrer">where it is</a>' if url else "its address is not known"
    return f'<div class="absent">The licence keeps the picture out: {shown}.</div>'
