"""Scores as people read them: right of n, in per cent, with the interval."""

from django import template
from django.utils.translation import gettext as _

from annotation.rules.onboarding import Score

register = template.Library()


@register.filter
def percent_right(score: Score) -> str:
    """Return the share of right answers in per cent, with one decimal."""
    return f"{100 * score.share:.1f}%"


@register.filter
def right_of(score: Score) -> str:
    """Return what the share rests on: right of n, and its 95% interval in per cent."""
    return _("%(k)d of %(n)d, 95%% interval %(low).1f to %(high).1f%%") % {
        "k": score.n_right,
        "n": score.n,
        "low": 100 * score.low,
        "high": 100 * score.high,
    }


@register.filter
def low_percent(score: Score) -> float:
    """Return the lower end of the interval in per cent."""
    return 100 * score.low


@register.filter
def point_percent(score: Score) -> float:
    """Return the share in per cent."""
    return 100 * score.share


@register.filter
def high_percent(score: Score) -> float:
    """Return the upper end of the interval in per cent."""
    return 100 * score.high
