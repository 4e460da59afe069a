"""What is asked of a search of a corpus, and which threshold its captions have to reach."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from annotation.machine.corpora.leakage import LEAST_COSINE, MOST_BITS
from annotation.machine.corpora.neighbours import corpora
from annotation.machine.corpora.pool_clusters import (
    EPSILON,
    MIN_CLUSTER_SIZE,
    MIN_SAMPLES,
    MOST_EPSILON,
)
from annotation.machine.corpora.pool_requests import RADIUS
from annotation.machine.corpora.pools_showing import ThresholdRow


class SearchForm(forms.Form):
    """Which corpus is searched, with which encoder, and how deep."""

    corpus = forms.ChoiceField(label=_("Corpus"))
    encoder = forms.CharField(
        label=_("Encoder"),
        max_length=300,
        help_text=_(
            "Of images: the one that the features of the corpus are of, or any where it has pictures."
        ),
    )
    radius = forms.IntegerField(
        label=_("Nearest corpus images of each image"),
        min_value=1,
        max_value=10_000,
        initial=RADIUS,
        help_text=_("At most so many captions come into a pool; the paper has 800 to 3,000."),
    )
    index = forms.ChoiceField(
        label=_("Search"),
        choices=[
            ("auto", _("Exact; lists from 3 million rows on")),
            ("exact", _("Exact: every row is looked at")),
            ("lists", _("By lists: sooner, and its recall is measured")),
        ],
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["corpus"] = forms.ChoiceField(
            label=_("Corpus"), choices=[(name, name) for name in corpora()]
        )
        self.fields["encoder"].initial = settings.ENCODERS[-1]


class FillForm(forms.Form):
    """From which cosine on captions come into the pools; each choice says what it brings."""

    threshold = forms.ChoiceField(
        label=_("Threshold"),
        help_text=_("The cosine that a corpus image has to reach. Each line says what would come in."),
    )

    def __init__(self, *args: Any, rows: list[ThresholdRow], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["threshold"] = forms.ChoiceField(
            label=_("Threshold"),
            help_text=self.fields["threshold"].help_text,
            choices=[(f"{row.threshold:.2f}", row.words) for row in rows],
        )


class ClustersForm(forms.Form):
    """How the cluster of an image is found among its neighbours."""

    space = forms.ChoiceField(
        label=_("Clusters are found"),
        choices=[("plane", _("On a plane by UMAP")), ("features", _("In the features themselves"))],
        help_text=_("The paper: HDBSCAN after UMAP. Cosines are always of the features."),
    )
    min_cluster_size = forms.IntegerField(
        label=_("Fewest pictures of a cluster"),
        min_value=2,
        max_value=10_000,
        initial=MIN_CLUSTER_SIZE,
        help_text=_("A smaller group is no cluster."),
    )
    min_samples = forms.IntegerField(
        label=_("Neighbours that make a place dense"),
        min_value=1,
        max_value=1_000,
        initial=MIN_SAMPLES,
        help_text=_("More leave more pictures out as noise."),
    )
    cluster_selection_epsilon = forms.FloatField(
        label=_("Distance below which clusters are not split"),
        min_value=0,
        max_value=MOST_EPSILON,
        initial=EPSILON,
        widget=forms.NumberInput(attrs={"step": "any"}),
        help_text=_("In the space that they are found in; 0 splits as far as HDBSCAN does."),
    )


class LeakageForm(forms.Form):
    """From when on a corpus image is taken for an image of the project."""

    least_cosine = forms.FloatField(
        label=_("Same picture from the cosine"),
        min_value=0,
        max_value=1,
        initial=LEAST_COSINE,
        help_text=_("Of the embeddings of the search above."),
    )
    most_bits = forms.IntegerField(
        label=_("Same picture up to so many differing bits"),
        min_value=0,
        max_value=64,
        initial=MOST_BITS,
        help_text=_("Of the 128 of a perceptual hash; only where the corpus has pictures."),
    )
