"""Figures over time: every value has its place, what is undefined is left out, limits are steps."""

from annotation.quality.drawing import BOTTOM, HEIGHT, LEFT, MOST_LABELS, RIGHT, TOP, Value, time_chart


def test_values_lie_on_the_scale_and_intervals_around_them() -> None:
    chart = time_chart(["one", "two"], [("Alpha", [Value(0.0, 0.0, 0.5), Value(1.0, 0.9, 1.0)])])
    first, last = chart.lines[0].dots
    assert (first.y, last.y) == (BOTTOM, TOP)
    assert first.high is not None
    assert TOP < first.high < first.y
    assert LEFT < first.x < last.x < RIGHT
    assert [tick.label for tick in chart.y_ticks] == ["0", "0.25", "0.5", "0.75", "1"]
    assert chart.height < HEIGHT


def test_an_undefined_value_is_left_out_and_the_scale_reaches_below_zero_where_needed() -> None:
    chart = time_chart(
        ["a", "b", "c"], [("Alpha", [Value(-0.2), Value(None), Value(0.4)]), ("Raw", [Value(0.5)] * 3)]
    )
    assert [len(line.dots) for line in chart.lines] == [2, 3]
    assert [tick.label for tick in chart.y_ticks] == ["-0.5", "0", "0.5", "1"]
    assert chart.lines[0].dots[0].x < chart.lines[1].dots[0].x
    assert chart.lines[0].path.count("L") == 1


def test_limits_are_steps_a_signal_is_a_triangle_and_names_are_thinned() -> None:
    row = [Value(0.5), *[Value(0.5, 0.3, 0.7, is_signal=place == 3) for place in range(19)]]
    chart = time_chart([str(place) for place in range(20)], [("", row)], as_limits=True, centre=0.5)
    line = chart.lines[0]
    assert line.limits.count("M") == 38
    assert [dot.is_signal for dot in line.dots].count(True) == 1
    assert line.dots[4].path != line.dots[5].path
    assert len(chart.x_ticks) <= MOST_LABELS
    assert chart.centre == (BOTTOM + TOP) / 2


def test_nothing_to_draw_draws_nothing() -> None:
    chart = time_chart([], [("Alpha", [])])
    assert chart.lines[0].path == ""
    assert chart.x_ticks == ()
