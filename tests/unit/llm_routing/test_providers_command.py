"""`faultmaven providers --check`, as a person runs it."""

import asyncio
import os
import sys
from pathlib import Path

from providers import Say, Status, dead_url, provider

KEY = "sk-" + "7f3a9c"


async def run(file: Path, *more: str) -> tuple[int, str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("FM_")} | {"FM_LLM_FILE": str(file)}
    command = (sys.executable, "-m", "faultmaven_events", "providers", "--check", *more)
    process = await asyncio.create_subprocess_exec(
        *command, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=file.parent
    )
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


async def test_check_says_of_each_provider_whether_it_answers_from_here(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    async with provider(Say("ready")) as well, provider(Status(401)) as locked:
        tables = (
            f'[[provider]]\nname = "{name}"\nmodel = "openai/m"\napi_base = "{url}/v1"\napi_key_file = "{tmp_path / "key"}"\n'
            for name, url in (("well", well.url), ("locked", locked.url), ("dead", dead_url()))
        )
        (tmp_path / "llm.toml").write_text("".join(tables))
        status, out = await run(tmp_path / "llm.toml")
        assert len(well.requests) == len(locked.requests) == 1
    rows = {line.split()[0]: line for line in out.splitlines()[1:] if line.strip()}
    assert status == 1
    assert " yes " in rows["well"]
    assert "service_error: it refuses the key" in rows["locked"]
    assert "service_error: it cannot be reached" in rows["dead"]
    assert KEY not in out


async def test_a_configuration_that_does_not_fit_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "llm.toml").write_text(f'[[provider]]\nmodel = "openai/m"\napi_key = "{KEY}"\n')
    status, out = await run(tmp_path / "llm.toml")
    assert status == 1
    assert out.startswith("faultmaven: FM_LLM_FILE, provider 1: a key does not belong into the file")
    assert KEY not in out
