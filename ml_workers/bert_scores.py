"""BERTScore of the captions of one image, from the token states of an encoder of texts. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from measures.bert_score import TokenFeatures, co_caption_bert_scores

# Token states of so many captions at most are held at once, of one image's where it has more.
CAPTIONS_AT_ONCE = 256

Captions = Mapping[int, Sequence[str]]


def bert_scores_by_image(
    captions: Captions, tokens: Callable[[Sequence[str]], Sequence[TokenFeatures]]
) -> dict[int, list[float]]:
    """F1 of all pairs of captions of each image that has two or more; `tokens` gives those of each text."""
    found: dict[int, list[float]] = {}
    for some in _a_few(captions):
        different = list(dict.fromkeys(text for texts in some.values() for text in texts))
        of_text = dict(zip(different, tokens(different), strict=True))
        for image, texts in some.items():
            found[image] = co_caption_bert_scores([of_text[text] for text in texts]).tolist()
    return found


def _a_few(captions: Captions) -> Iterator[dict[int, Sequence[str]]]:
    """Whole images with two captions or more, of at most CAPTIONS_AT_ONCE captions together or one alone."""
    some: dict[int, Sequence[str]] = {}
    n = 0
    for image, texts in captions.items():
        if len(texts) < 2:
            continue
        if some and n + len(texts) > CAPTIONS_AT_ONCE:
            yield some
            some, n = {}, 0
        some[image] = texts
        n += len(texts)
    if some:
        yield some
