from faultmaven_events.consumers.bury.copies import KEPT, Look
from faultmaven_events.infra.groups import facts_of, suspects


def some(count: int, **facts: str) -> list[dict[str, str]]:
    return [facts] * count


def test_what_all_share_and_others_do_not_is_suspected() -> None:
    own = some(5, tenant="acme", version="2.0", kind="ingest")
    elsewhere = some(4, tenant="acme", version="1.9", kind="document") + some(4, tenant="beta", version="1.9", kind="ingest")
    found = suspects(own, elsewhere)
    assert [(each.field, each.value, each.share, each.elsewhere) for each in found] == [
        ("version", "2.0", 1.0, 0.0),
        ("kind", "ingest", 1.0, 0.5),
        ("tenant", "acme", 1.0, 0.5),
    ]


def test_what_everybody_shares_is_not_suspected() -> None:
    assert suspects(some(5, tenant="acme"), some(50, tenant="acme")) == ()


def test_with_nothing_to_compare_with_it_says_so() -> None:
    (found,) = suspects(some(5, source="/partner"), [])
    assert (found.field, found.value, found.elsewhere) == ("source", "/partner", None)


def test_a_minority_or_two_letters_have_nothing_in_common() -> None:
    assert suspects(some(5, tenant="a") + some(5, tenant="b"), []) == ()
    assert suspects(some(2, tenant="a"), []) == ()


def test_one_exception_in_ten_does_not_hide_the_cause() -> None:
    (found,) = suspects(some(9, version="2.0") + some(1, version="1.9"), some(9, version="1.9"))
    assert (found.field, found.value, found.share) == ("version", "2.0", 0.9)


def test_a_consumer_is_a_version_on_a_host() -> None:
    facts = facts_of({"consumer": "0.2.0/box7:4711:ab", "type": "ingest.sanitized.v1", "source": None})
    assert facts == {"type": "ingest.sanitized.v1", "version": "0.2.0", "host": "box7", "kind": "ingest"}


def test_a_queue_is_gone_through_only_when_it_holds_too_many_twice_in_a_row() -> None:
    look = Look()
    assert not look.due(5, 5)
    assert not look.due(6, 5)
    assert not look.due(5, 5)
    assert not look.due(6, 5)
    assert look.due(6, 5)


def test_while_letters_come_in_or_go_out_a_queue_is_let_alone() -> None:
    look = Look()
    assert not any(look.due(depth, 5) for depth in (6, 9, 7, 12, 30, 20, 19))
    assert look.due(19, 5)


def test_a_long_queue_is_not_gone_through_every_time() -> None:
    look = Look()
    answers = [look.due(10_000, 9_000) for _ in range(20)]
    assert answers.count(True) == 2


def test_no_queue_grows_without_bound() -> None:
    look = Look()
    assert [look.due(KEPT + 1, KEPT + 1) for _ in range(2)] == [False, True]
