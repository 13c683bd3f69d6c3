"""Long lines are thinned without losing a spike."""

from portal.queries import metrics


def test_a_short_line_is_left_as_it_is():
    points = [(step, 1.0, 0) for step in range(metrics.MOST_POINTS)]
    assert metrics.thin(points) == points


def test_a_long_line_keeps_its_ends_and_every_spike():
    points = [(step, 1.0, 0) for step in range(100_000)]
    points[54_321] = (54_321, 99.0, 0)
    points[77_777] = (77_777, -99.0, 0)
    thinned = metrics.thin(points)
    assert len(thinned) <= metrics.MOST_POINTS + 2
    assert (thinned[0], thinned[-1]) == (points[0], points[-1])
    assert points[54_321] in thinned
    assert points[77_777] in thinned
    assert thinned == sorted(thinned)


def test_a_long_line_of_holes_does_not_break():
    assert len(metrics.thin([(step, None, 0) for step in range(10_000)])) == 2
