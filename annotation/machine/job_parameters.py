"""What the parameters of model jobs have in common: checked where they are asked for, refused in words."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from polyannot.kernel.errors import Invalid

MOST_ENCODERS = 30
# How the names of encoders begin that know images only (as in the model workers).
OF_IMAGES_ALONE = ("timm:", "image:")


def refused(message: str) -> Invalid:
    """Return the refusal of a job's parameters."""
    return Invalid("job_parameters", message)


def known_only(parameters: Mapping[str, Any], *names: str) -> None:
    """Raise Invalid for a parameter that is none of these."""
    if unknown := set(parameters) - set(names):
        raise refused(
            _("This job takes the parameters %(known)s, not %(unknown)s.")
            % {"known": ", ".join(names), "unknown": ", ".join(sorted(unknown))}
        )


def whole_number(parameters: Mapping[str, Any], name: str, default: int, least: int, most: int) -> int:
    """Return a parameter as a whole number in [least, most]. Raises Invalid."""
    try:
        number = int(parameters.get(name, default))
    except (TypeError, ValueError):
        number = least - 1
    if not least <= number <= most:
        raise refused(
            _("%(name)s is a whole number from %(least)d to %(most)d.")
            % {"name": name, "least": least, "most": most}
        )
    return number


def decimal_number(
    parameters: Mapping[str, Any], name: str, default: float, least: float, most: float
) -> float:
    """Return a parameter as a number in [least, most]. Raises Invalid."""
    try:
        number = float(str(parameters.get(name, default)))
    except ValueError:
        number = float("nan")
    if not least <= number <= most:
        raise refused(
            _("%(name)s is a number from %(least)g to %(most)g.")
            % {"name": name, "least": least, "most": most}
        )
    return number


def with_texts(name: object) -> str:
    """Return the name of an encoder that has to know texts. Raises Invalid."""
    given = str(name).strip()
    if given.startswith(OF_IMAGES_ALONE):
        raise refused(
            _(
                "%(name)s knows images only, and this work needs texts too: name an image-text encoder, such as"
                " shipped:lite2."
            )
            % {"name": given}
        )
    return given


def encoder_names(parameters: Mapping[str, Any], *, need_texts: bool = True) -> list[str]:
    """Return the names of the encoders, each once, in the order given (text separated by commas is taken too).

    Raises Invalid, also for an encoder of images alone where texts are needed.
    """
    given = parameters.get("encoders") or settings.ENCODERS
    names = given.split(",") if isinstance(given, str) else list(given)
    names = list(dict.fromkeys(str(name).strip() for name in names if str(name).strip()))
    if not 1 <= len(names) <= MOST_ENCODERS:
        raise refused(_("Name 1 to %(most)d encoders.") % {"most": MOST_ENCODERS})
    return [with_texts(name) for name in names] if need_texts else names


def one_of(parameters: Mapping[str, Any], name: str, known: list[str]) -> str:
    """Return a parameter that is one of these words, the first where it is not given. Raises Invalid."""
    given = str(parameters.get(name) or known[0])
    if given not in known:
        raise refused(
            _("%(name)s is one of %(known)s.") % {"name": name, "known": ", ".join(known)},
        )
    return given
