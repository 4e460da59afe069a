"""Control charts hold their stated false-alarm rate, also where the captions of an image move together."""

import numpy as np
import pytest

from measures.control_charts import FALSE_ALARM_RATE, control_chart


def alarms(seed: int, *, spread: float, share: float, images: int = 240, each: int = 6) -> tuple[int, int]:
    """Return signals and tested blocks of an annotator who does not change."""
    rng = np.random.default_rng(seed)
    if spread:
        strength = 1 / spread - 1
        shares = rng.beta(share * strength, (1 - share) * strength, images)
    else:
        shares = np.full(images, share)
    chart = control_chart(rng.binomial(each, shares), np.full(images, each))
    return len(chart.signals), len(chart.blocks) - 1


@pytest.mark.parametrize(("spread", "share"), [(0.0, 0.9), (0.0, 0.5), (0.3, 0.7), (0.2, 0.92), (0.6, 0.5)])
def test_a_process_that_does_not_change_gives_no_more_false_alarms_than_stated(
    spread: float, share: float
) -> None:
    found = [alarms(seed, spread=spread, share=share) for seed in range(90)]
    signals, blocks = (sum(column) for column in zip(*found, strict=True))
    assert blocks > 2000
    # three standard errors of a rate this small, over more than 2,000 blocks
    assert signals / blocks < FALSE_ALARM_RATE + 3 * np.sqrt(FALSE_ALARM_RATE / blocks)


@pytest.mark.parametrize(("later", "side"), [(0.45, "below"), (0.99, "above")])
def test_a_change_is_seen_within_a_few_blocks(later: float, side: str) -> None:
    rng = np.random.default_rng(4)
    hits = np.concatenate([rng.binomial(5, 0.78, 200), rng.binomial(5, later, 60)])
    chart = control_chart(hits, np.full(260, 5))
    late = [block for block in chart.signals if block.start >= 190]
    assert late
    assert {block.signal for block in late} == {side}
    assert late[0].start < 240
    assert chart.centre == pytest.approx(0.78, abs=0.05)


def test_blocks_hold_whole_images_and_the_first_has_no_limits() -> None:
    chart = control_chart([4, 4, 4, 4, 2], [7, 7, 7, 7, 3], block=10)
    assert [(block.start, block.end, block.answers, block.hits) for block in chart.blocks] == []
    assert chart.reason == "31 answers make 2 blocks of 10; a chart needs 3"
    chart = control_chart([4] * 6, [7] * 6, block=10)
    assert [(block.start, block.end, block.answers, block.hits) for block in chart.blocks] == [
        (0, 2, 14, 8),
        (2, 4, 14, 8),
        (4, 6, 14, 8),
    ]
    assert chart.blocks[0].low is None
    assert chart.run_length == pytest.approx(200)
    low, high = chart.blocks[2].low, chart.blocks[2].high
    assert low is not None
    assert high is not None
    assert low < 8 / 14 < high


def test_one_answer_throughout_gives_no_signal_and_its_first_break_is_judged_exactly() -> None:
    chart = control_chart([5] * 40, [5] * 40, block=10)
    assert not chart.signals
    assert chart.design_effect == 1.0


@pytest.mark.parametrize(
    ("hits", "answers", "options"),
    [([3], [2], {}), ([1], [2], {"block": 4}), ([1], [2], {"false_alarm_rate": 0.5}), ([1], [2, 3], {})],
)
def test_what_makes_no_sense_is_refused(
    hits: list[int], answers: list[int], options: dict[str, float]
) -> None:
    with pytest.raises(ValueError, match=r"needs|at least"):
        control_chart(hits, answers, **options)  # type: ignore[arg-type]
