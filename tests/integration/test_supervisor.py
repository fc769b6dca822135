"""Children of `faultmaven up`: kept running, drained at the end, each with the keys that it may have and no other."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from faultmaven_events.errors import SetupError
from faultmaven_events.infra.servers.crew import Child, Crew, supervise
from faultmaven_events.infra.servers.place import HOST, free_ports
from faultmaven_events.infra.servers.stack import Urls
from faultmaven_events.infra.servers.supervisor import PROCESSES, open_system, plan
from faultmaven_events.settings import Settings
from faultmaven_events.topology import BY_NAME

URLS = Urls("amqp://h/v", "", "mongodb://h/d", "postgresql://h/d", "redis://h/0")


def child(code: str, *, grace: float = 5) -> Child:
    return Child("worker", (sys.executable, "-c", code), dict(os.environ), grace)


async def eventually(condition: Callable[[], bool], within: float = 15) -> None:
    for _ in range(int(within / 0.05)):
        if condition():
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"it did not come true within {within:g} s")


async def alive(crew: Crew, name: str = "worker", other_than: int | None = None) -> int:
    await eventually(lambda: crew.pid(name) not in {None, other_than})
    pid = crew.pid(name)
    assert pid is not None
    return pid


async def says(crew: Crew, word: str) -> None:
    await eventually(lambda: crew.log("worker").exists() and word in crew.log("worker").read_text())


async def test_a_child_that_dies_is_started_again(tmp_path: Path) -> None:
    told: list[str] = []
    async with supervise([child("import time; time.sleep(60)")], logs=tmp_path, progress=told.append) as crew:
        first = await alive(crew)
        os.kill(first, signal.SIGKILL)
        second = await alive(crew, other_than=first)
        assert crew.restarts == {"worker": 1}
        crew.check()
    assert not psutil.pid_exists(second)
    assert told
    assert "worker ended with status -9" in told[0]


async def test_a_child_may_finish_what_it_has_in_hand(tmp_path: Path) -> None:
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.5), print('finished', flush=True), sys.exit(0)))\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    async with supervise([child(code)], logs=tmp_path, progress=lambda _: None) as crew:
        await says(crew, "ready")
    assert crew.log("worker").read_text().split() == ["ready", "finished"]


async def test_a_child_that_does_not_finish_in_time_is_ended(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
    async with supervise([child(code, grace=0.3)], logs=tmp_path, progress=lambda _: None) as crew:
        pid = await alive(crew)
        await says(crew, "ready")
    assert not psutil.pid_exists(pid)


async def test_a_child_that_cannot_start_is_told_with_the_line_of_its_log(tmp_path: Path) -> None:
    async with supervise([child("raise SystemExit('error: a setting does not fit')")], logs=tmp_path, progress=lambda _: None) as crew:
        await eventually(lambda: crew.restarts["worker"] > 1)
        with pytest.raises(SetupError, match=r"worker does not start: .*a setting does not fit"):
            crew.check()


def test_every_stage_runs_in_exactly_one_process() -> None:
    assert sorted(stage for stages in PROCESSES.values() for stage in stages) == sorted(BY_NAME)


def test_only_who_may_open_raw_content_gets_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FM_RAW_KEY", "from-the-environment")
    children = {one.name: one for one in plan(tmp_path, Settings(home=tmp_path, raw_key=None), URLS, 1)}
    holders = {name for name, one in children.items() if any(variable.startswith("FM_RAW_KEY") for variable in one.env)}
    assert holders == {"serve", *(name for name, stages in PROCESSES.items() if any(BY_NAME[stage].raw for stage in stages))}
    assert all("FM_CLEAN_KEY_FILE" in one.env for one in children.values())


@pytest.mark.parametrize(("reidentify", "holders"), [(False, {"sanitize"}), (True, {"sanitize", "serve"})])
def test_only_sanitize_and_who_may_undo_pseudonyms_get_the_vaults_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reidentify: bool, holders: set[str]
) -> None:
    monkeypatch.setenv("FM_VAULT_KEY_FILE", "from-the-environment")
    children = plan(tmp_path, Settings(home=tmp_path, vault_key_file=None, reidentify=reidentify), URLS, 1)
    assert {one.name for one in children if any(variable.startswith("FM_VAULT_KEY") for variable in one.env)} == holders


def test_only_reason_gets_the_keys_of_providers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "models.toml"
    file.write_text('[[provider]]\nmodel = "groq/tiny"\napi_key_env = "KEY_OF_OURS"\n')
    for name in ("FM_LLM_API_KEY", "ANTHROPIC_API_KEY", "KEY_OF_OURS"):
        monkeypatch.setenv(name, "from-the-environment")
    children = {one.name: one for one in plan(tmp_path, Settings(home=tmp_path, llm_file=file), URLS, 1)}
    for name in ("FM_LLM_API_KEY", "ANTHROPIC_API_KEY", "KEY_OF_OURS"):
        assert {child for child, one in children.items() if name in one.env} == {"reason"}
    assert all(one.env["FM_LLM_FILE"] == str(file) for one in children.values())


def test_keys_are_made_once_and_read_by_their_owner_alone(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    before = plan(tmp_path, settings, URLS, 1)
    keys = {path.name: path.read_text() for path in (tmp_path / "keys").iterdir()}
    assert set(keys) == {"raw", "clean", "vault"}
    assert len(set(keys.values())) == 3
    assert plan(tmp_path, settings, URLS, 1) == before
    assert {path.name: path.read_text() for path in (tmp_path / "keys").iterdir()} == keys
    assert {path.stat().st_mode & 0o077 for path in [tmp_path / "keys", *(tmp_path / "keys").iterdir()]} == {0}


def test_children_get_the_settings_in_use(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, redis_prefix="mine", upload_limit=5)
    for one in plan(tmp_path, settings, URLS, 1234):
        assert one.env["FM_REDIS_PREFIX"] == "mine"
        assert one.env["FM_UPLOAD_LIMIT"] == "5"
        assert one.env["FM_AMQP_URL"] == "amqp://h/v"
        assert one.env["FM_HOME"] == str(tmp_path)


async def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    holder = await asyncio.start_server(lambda _reader, writer: writer.close(), HOST, port)
    async with holder:
        with pytest.raises(SetupError, match=f"port {port} is taken"):
            async with open_system(tmp_path, Settings(), lambda _: None, port):
                pass


async def test_the_whole_system_comes_up_heals_and_leaves_nothing_behind(settings: Settings) -> None:
    told: list[str] = []
    async with open_system(settings.home, settings, told.append, 0) as system:
        pids = {name: system.crew.pid(name) for name in ("serve", *PROCESSES)}
        assert all(pids.values())
        async with httpx.AsyncClient(base_url=system.api_url, trust_env=False) as client:
            assert (await client.get("/health/ready")).is_success
        assert urlsplit(system.api_url).hostname == HOST
        raw = settings.raw_key.get_secret_value() if settings.raw_key else ""
        holders = {name for name, pid in pids.items() if raw in psutil.Process(pid).environ().values()}
        assert holders == {"serve", "flow", "sanitize"}
        victim = pids["reason"]
        assert victim
        os.kill(victim, signal.SIGKILL)
        pids["reason"] = await alive(system.crew, "reason", victim)
    assert not [pid for pid in pids.values() if pid and psutil.pid_exists(pid)]
    assert any("reason ended with status -9" in line for line in told)
