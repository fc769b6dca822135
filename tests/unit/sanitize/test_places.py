"""Places of stand-ins when a line is looked at more than once."""

from faultmaven_events.consumers.sanitize.finding import Finding
from faultmaven_events.consumers.sanitize.places import Place, one_way, replaced


def mark(_line: str, finding: Finding) -> str:
    return "<P>" if not one_way(finding.type) else "<S>"


def restored(line: str, places: list[Place]) -> str:
    for place in reversed(places):
        if place.reversible:
            line = line[: place.start] + place.value + line[place.end :]
    return line


def test_a_first_look_keeps_each_value_at_its_place() -> None:
    line, places = replaced("call Jane or 555", [], [Finding(5, 9, "PERSON"), Finding(13, 16, "PHONE_NUMBER")], mark)
    assert line == "call <P> or <P>"
    assert [(place.start, place.end, place.value) for place in places] == [(5, 8, "Jane"), (12, 15, "555")]


def test_a_second_look_moves_the_places_of_the_first() -> None:
    line, places = replaced("a Jane b Joe", [], [Finding(9, 12, "PERSON")], mark)
    line, places = replaced(line, places, [Finding(2, 6, "PERSON")], mark)
    assert line == "a <P> b <P>"
    assert restored(line, places) == "a Jane b Joe"


def test_a_finding_over_part_of_a_stand_in_gives_everything_under_both_back() -> None:
    line, places = replaced("x Jane Doe y", [], [Finding(2, 6, "PERSON")], mark)
    assert line == "x <P> Doe y"
    line, places = replaced(line, places, [Finding(4, 9, "PERSON")], mark)  # the end of the stand-in, and the word behind it
    assert line == "x <P<P> y"
    assert restored(line, places) == "x Jane Doe y"


def test_a_finding_over_two_stand_ins_becomes_one_place() -> None:
    line, places = replaced("Jane, Joe!", [], [Finding(0, 4, "PERSON"), Finding(6, 9, "PERSON")], mark)
    line, places = replaced(line, places, [Finding(0, 8, "PERSON")], mark)
    assert (line, len(places)) == ("<P>!", 1)
    assert restored(line, places) == "Jane, Joe!"


def test_what_a_secret_covers_is_not_given_back() -> None:
    line, places = replaced("key Jane+x", [], [Finding(4, 8, "PERSON")], mark)
    line, places = replaced(line, places, [Finding(4, 9, "SECRET_TOKEN")], mark)
    assert (line, [place.reversible for place in places]) == ("key <S>", [False])
    assert restored(line, places) == "key <S>"


def test_sessions_are_credentials_and_stay_hidden() -> None:
    assert one_way("SESSION")
    assert one_way("SECRET_PASSWORD")
    assert not one_way("EMAIL_ADDRESS")
