"""Pausing a stage, by a person's order or by its breaker, and letting it go on.

A breaker's pause is written where every process of the stage sees it, and renewed as long as the process that holds it lives. That process
lets one message through now and then; when one succeeds, or a person orders so, the stage goes on. Without Redis the pause holds in
this process alone, and the other processes' breakers open for themselves.
"""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import structlog

from faultmaven_events.consumers.breaker import Breaker, Transition
from faultmaven_events.consumers.consumption import Consumption
from faultmaven_events.consumers.orders import Orders
from faultmaven_events.errors import TransientError, Unavailable
from faultmaven_events.schemas.alert import Alert, raised

HELD: Final = 60
"""Seconds after which a breaker's pause ends when nobody renews it."""

log = structlog.get_logger()


@dataclass(slots=True)
class Guard:
    """The breaker of one stage in this process, and what follows from it."""

    consumption: Consumption
    orders: Orders
    breaker: Breaker
    holds: bool = False
    """Whether the pause that everybody sees is ours."""
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def stage(self) -> str:
        """The stage's name."""
        return self.consumption.shell.stage.name

    def observe(self, outcome: str, code: str | None, tenant: str, *, ours: bool) -> None:
        """Be told how a message ended; called by the shell after each one."""
        transition = self.breaker.note(outcome, code, ours=ours, now=time.monotonic(), tenant=tenant)
        if transition is not None:
            task = asyncio.create_task(self._change(transition))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def obey(self) -> None:
        """Bring consumption to what was ordered; called again and again."""
        if self.holds:
            await self._renew()
        if self.breaker.state == "closed":
            ordered = self.stage in self.orders.paused
            if ordered and not self.consumption.paused:
                log.warning("stage_paused", stage=self.stage, by=self.orders.paused[self.stage].by)
                await self.consumption.pause()
            elif not ordered and self.consumption.paused:
                log.warning("stage_resumed", stage=self.stage)
                await self.consumption.resume()
        elif self.breaker.may_probe(time.monotonic()) and not await self._probed():
            self.breaker.nothing()

    async def _probed(self) -> bool:
        try:
            return await self.consumption.probe()
        except (TransientError, ConnectionError, RuntimeError, TimeoutError) as error:
            log.info("probe_postponed", stage=self.stage, error=type(error).__name__)
            return False

    async def _renew(self) -> None:
        control = self.orders.control
        try:
            if await control.renew(self.stage, HELD):
                return
            if not await control.resumed(self.stage):  # Redis lost it
                await control.pause(self.stage, by="breaker", reason=self.breaker.reason, ttl=HELD)
            else:
                self.holds = False
                if (transition := self.breaker.reset()) is not None:
                    await self._change(transition)
        except Unavailable:
            return

    async def _change(self, transition: Transition) -> None:
        opened = transition.state == "open"
        log.warning("breaker_open" if opened else "breaker_closed", stage=self.stage, reason=transition.reason, probe_s=transition.after)
        try:
            if opened:
                await self.consumption.pause()
                await self.orders.control.pause(self.stage, by="breaker", reason=transition.reason, ttl=HELD)
                self.holds = True
            elif self.holds:
                await self.orders.control.resume(self.stage)
                self.holds = False
                self.orders.paused.pop(self.stage, None)
        except Unavailable as error:
            log.warning("pause_known_here_only", stage=self.stage, error=str(error))
        if not opened:
            await self.consumption.resume()
        await self._tell(transition, opened=opened)

    async def _tell(self, transition: Transition, *, opened: bool) -> None:
        now = datetime.now(UTC)
        what, do = (
            ("paused", f"look at `faultmaven dead list`, then `faultmaven stages resume {self.stage}`") if opened else ("resumed", "")
        )
        alert = Alert(
            name=f"stage_{what}",
            key=f"stage_{what}/{self.stage}/{now.isoformat()}",
            severity="critical" if opened else "info",
            summary=f"{self.stage} was {what} by its breaker: {transition.reason}{'; ' + do if do else ''}",
            facts={"stage": self.stage, "reason": transition.reason, "probe_s": transition.after},
        )
        try:
            await self.consumption.shell.outlets.publish([raised(alert, now, source=f"/faultmaven/{self.stage}")])
        except TransientError as error:
            log.warning("alert_not_raised", alert=alert.name, error=str(error))
