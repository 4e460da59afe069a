"""The drawings of a project beside a corpus: polysemy by radius (IMP, Fig. 3) and densities (Fig. 5, App. I)."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from annotation.models import MachineReport
from measures.densities import BIN
from polyannot.kernel.figures import ACCENT, UNSURE, Drawn, draw_steps, draw_trace, new_axes, written
from projects.models import Job


def draw_polysemy(job: Job) -> list[Drawn]:
    """Return the drawings of a report: two curves, and the densities of which both or one set has something."""
    report = MachineReport.objects.select_related("project").get(job=job)
    names = {"project": report.project.name, "corpus": job.parameters["corpus"]}
    told = report.figures
    drawn = [
        _curve(told["curves"], names, "image_cosine", _("Image-image cosine by radius"), _("mean cosine")),
        _curve(
            told["curves"],
            names,
            "geodesic",
            _("Distance of image and captions by radius"),
            _("mean angle, radians"),
        ),
        _density(told["co_captions"], names, "co-captions", _("Similarity of the captions of one image")),
        _density(
            told.get("bert_scores", {}),
            names,
            "bert-scores",
            _("BERTScore of the captions of one image"),
            label=_("BERTScore, F1"),
        ),
        _density(told["pairs"], names, "pairs", _("Similarity of image and caption")),
    ]
    return [each for each in drawn if each is not None]


COLOURS = {"project": (ACCENT, "o", "-"), "corpus": (UNSURE, "s", "--")}


def _curve(
    curves: Mapping[str, Sequence[Mapping[str, Any]]],
    names: Mapping[str, str],
    measure: str,
    title: str,
    label: str,
) -> Drawn | None:
    figure, axes = new_axes()
    radii = [row["radius"] for row in curves["project"]]
    told = []
    for key, rows in curves.items():
        known = [(place, row) for place, row in enumerate(rows) if row[measure] is not None]
        if not known:
            continue
        colour, shape, line = COLOURS[key]
        draw_trace(
            axes,
            [(place, row[measure], row[f"{measure}_low"], row[f"{measure}_high"]) for place, row in known],
            label=names[key], colour=colour, shape=shape, line=line,
        )  # fmt: skip
        told.append(_told(names[key], measure, known[0][1], known[-1][1]))
    if not told:
        return None
    axes.set_xticks(range(len(radii)), [str(radius) for radius in radii])
    axes.set_xlabel(_("radius: images in a cluster, the query image among them"))
    axes.set_ylabel(label)
    axes.grid(visible=True, axis="y")
    axes.legend()
    columns = ("set", "radius", measure, "low", "high", "n")
    return written(
        figure,
        name=measure.replace("_", "-"),
        title=title,
        alt="; ".join(told) + ".",
        columns=columns,
        rows=[
            (key, row["radius"], *(row[f"{measure}{end}"] for end in ("", "_low", "_high", "_n")))
            for key, rows in curves.items()
            for row in rows
        ],
    )


def _told(name: str, measure: str, first: Mapping[str, Any], last: Mapping[str, Any]) -> str:
    """A curve in words: where it begins and where it ends."""
    return _("%(name)s from %(first)s at radius %(near)d to %(last)s at radius %(far)d") % {
        "name": name,
        "first": f"{first[measure]:.3f}",
        "near": first["radius"],
        "last": f"{last[measure]:.3f}",
        "far": last["radius"],
    }


def _density(
    sets: Mapping[str, Any], names: Mapping[str, str], name: str, title: str, label: str = ""
) -> Drawn | None:
    figure, axes = new_axes()
    told = []
    for key, one in sets.items():
        found, spread = one["density"], one["spread"]
        if not found["lefts"]:
            continue
        colour, _shape, line = COLOURS[key]
        draw_steps(axes, found["lefts"], found["density"], BIN, label=names[key], colour=colour, line=line)
        told.append(
            _("%(name)s: mean %(mean)s over %(n)d similarities")
            % {"name": names[key], "mean": f"{spread['mean']:.3f}", "n": spread["n"]}
        )
    if not told:
        return None
    axes.set_xlabel(label or _("cosine"))
    axes.set_ylabel(_("density"))
    axes.legend()
    return written(
        figure,
        name=name,
        title=title,
        alt="; ".join(told) + ".",
        columns=("set", "from", "to", "count", "density"),
        rows=[
            (key, left, round(left + BIN, 10), count, height)
            for key, one in sets.items()
            for left, count, height in zip(
                one["density"]["lefts"], one["density"]["counts"], one["density"]["density"], strict=True
            )
        ],
    )
