"""Files that are made to break whoever reads them: each ends, with a reason where it failed, and the next one is served."""

import asyncio

from e2e import incident
from e2e.hostile import MARK, READ, REFUSED
from e2e.running import Visitor

PATIENCE = 150.0


async def test_what_can_be_read_is_read_and_what_cannot_says_why(visitor: Visitor) -> None:
    jobs = {name: await visitor.hand_in(name, made()) for name, made in READ.items()}
    jobs |= {name: await visitor.hand_in(name, made()) for name, (made, _) in REFUSED.items()}
    async with asyncio.timeout(PATIENCE):
        ended = {name: await visitor.ended(job) for name, job in jobs.items()}
    outcomes = {name: job["error"]["code"] if job["error"] else job["status"] for name, job in ended.items()}
    assert outcomes == {**dict.fromkeys(READ, "completed"), **{name: code for name, (_, code) in REFUSED.items()}}
    for name, job in ended.items():
        told = (job["error"] or {}).get("message", "")
        assert MARK not in told, name
        assert not job["error"] or " " in told, (name, told)
    await visitor.completed(await visitor.hand_in("next.log", incident.log(1)))


async def test_a_question_is_answered_from_the_good_file_among_hostile_ones(visitor: Visitor) -> None:
    bad = ("deep.json", "aliases.yaml", "laughs.xml", "cycle.json")
    report = await visitor.report(await visitor.ask(incident.QUESTION, *incident.FILES, *((name, READ[name]()) for name in bad)))
    cited = {each["file"] for one in report["hypotheses"][:1] for each in one["citations"]}
    assert cited <= {name for name, _ in incident.FILES}
    assert report["verdict"] in {"confirmed", "likely"}
