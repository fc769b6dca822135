"""Processes of ours that end, freeze or are replaced while they work."""

import asyncio
import signal
from collections import Counter

from faults.case import case
from faults.settle import busy, redeliveries
from faults.trial import Trial


@case("sigkill")
async def sigkill(trial: Trial) -> None:
    """Every process of ours, the door too, is killed (SIGKILL) at a random moment under load."""
    posts = list(trial.rig.posts.values())
    trial.source.shuffle(posts)
    load = trial.load(45, over=0.5 * len(posts))
    for post in posts * (3 if trial.long else 1):
        await asyncio.sleep(trial.source.uniform(0.2, 0.8))
        while not post.kill():
            await asyncio.sleep(0.05)
        trial.over()
    await load
    await trial.rig.ready()


@case("sigkill-again")
async def sigkill_again(trial: Trial) -> None:
    """One stage is killed again and again, each time as soon as it has taken messages, fewer times than the delivery limit."""
    post = trial.source.choice([trial.rig.posts[name] for name in ("classify", "process", "record", "gather")])
    load = trial.load(20, over=2)
    for _ in range(4 if trial.long else 2):
        while not (post.pid and await busy(trial.rig, post.name)):
            if load.done():  # it was faster than we: there must be something to take
                await load
                load = trial.load(10, over=1)
            await asyncio.sleep(0.02)
        post.kill()
        await asyncio.sleep(0.3)
    trial.over()
    await load
    trial.notes.append(f"{post.name}")
    await trial.rig.ready([post.name])


@case("sigterm")
async def sigterm(trial: Trial) -> None:
    """Every stage is asked to end (SIGTERM) under load: it finishes what it has in hand, and nothing is delivered a second time."""
    async with redeliveries(trial.rig) as again:
        load = trial.load(40, over=2)
        await asyncio.sleep(1.0)
        for post in trial.rig.stages:
            post.send(signal.SIGTERM)
        await load
        trial.over()
        await trial.rig.ready()
        await trial.ended()
    trial.expect(not again, f"delivered again after an orderly end: {Counter(again)}")


@case("rolling-restart")
async def rolling_restart(trial: Trial) -> None:
    """Stage after stage, and the door, is replaced (SIGTERM, start) while work keeps coming."""
    rig = trial.rig
    load = trial.load(40, over=10)
    for post in rig.posts.values():
        await post.stop()
        post.start()
        trial.over()
        await rig.ready([post.name])
    await load


@case("sigstop")
async def sigstop(trial: Trial) -> None:
    """Two stages freeze (SIGSTOP) with messages in their hands, for 60 s in the long run and 5 s in the short one, and go on."""
    frozen = trial.source.sample(trial.rig.stages, 2)
    load = trial.load(30, over=2)
    await asyncio.sleep(1.0)
    for post in frozen:
        post.send(signal.SIGSTOP)
    await asyncio.sleep(60 if trial.long else 5)
    for post in frozen:
        post.send(signal.SIGCONT)
    trial.over()
    trial.notes.append(" and ".join(post.name for post in frozen) + f", {60 if trial.long else 5} s")
    await load


@case("embed-kill")
async def embed_kill(trial: Trial) -> None:
    """The process that holds the vector store is killed (SIGKILL) while it writes points."""
    post = trial.rig.posts["embed"]
    load = trial.load(30, over=2)
    for _ in range(5 if trial.long else 2):
        while not (post.pid and await busy(trial.rig, "embed")):
            await asyncio.sleep(0.02)
        post.kill()
        trial.over()
        await asyncio.sleep(0.5)
    await load
    await trial.rig.ready(["embed"])
