from faultmaven_events.infra.servers.vigil import Vigil

PIDS = {"embed": 11, "flow": 22}


def heard(vigil: Vigil, *looks: tuple[float, set[int]], pids: dict[str, int | None] | None = None) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    for at, beats in looks:
        found = vigil.silent(pids or dict(PIDS), beats, at)
    return found


def every(seconds: range, beats: set[int]) -> list[tuple[float, set[int]]]:
    return [(at, beats) for at in seconds]


def test_who_is_silent_while_others_beat_is_told() -> None:
    vigil = Vigil(60)
    assert heard(vigil, (0, {11, 22}), *every(range(2, 60, 2), {22})) == []
    assert heard(vigil, (60, {22}), (62, {22})) == [("embed", 62)]


def test_one_heartbeat_is_a_sign_of_life() -> None:
    assert heard(Vigil(60), *every(range(0, 50, 2), {22}), (50, {11, 22}), *every(range(52, 110, 2), {22})) == []


def test_when_nobody_beats_it_is_redis_that_forgot() -> None:
    assert heard(Vigil(60), (0, {11, 22}), *every(range(2, 200, 2), set())) == []


def test_who_starts_has_time_until_the_first_heartbeat() -> None:
    vigil = Vigil(60, starting=180)
    assert heard(vigil, *every(range(0, 180, 2), {22})) == []
    assert heard(vigil, (180, {22}), (182, {22})) == [("embed", 182)]


def test_a_new_life_begins_the_time_anew() -> None:
    vigil = Vigil(60)
    heard(vigil, (0, {11, 22}), *every(range(2, 60, 2), {22}))
    assert heard(vigil, *every(range(60, 200, 2), {22}), pids={"embed": 33, "flow": 22}) == []
    assert heard(vigil, *every(range(200, 300, 2), {22}), pids={"embed": None, "flow": 22}) == []


def test_what_was_not_observed_counts_for_nothing() -> None:
    vigil = Vigil(60)
    assert heard(vigil, (0, {11, 22}), (3600, {22}), (3602, {22})) == []
