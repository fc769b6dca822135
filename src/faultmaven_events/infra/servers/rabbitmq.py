"""RabbitMQ with its management and Prometheus plugins: one node that listens on loopback alone, small and quick to start."""

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from faultmaven_events.errors import SetupError, TransientError
from faultmaven_events.infra.servers.binaries import Binary, library_path, on_path
from faultmaven_events.infra.servers.packages import Bundle, bundle_folder, can_unpack, unpacked
from faultmaven_events.infra.servers.place import HOST, Place, accepts, write_private
from faultmaven_events.infra.servers.process import Command

USER: Final = "faultmaven"
VHOST: Final = "faultmaven"
PACKAGES: Final = Bundle("rabbitmq", ("rabbitmq-server",), "RabbitMQ")

_CONFIG = """\
listeners.tcp.1 = {host}:{amqp}
management.tcp.ip = {host}
management.tcp.port = {management}
prometheus.tcp.ip = {host}
prometheus.tcp.port = {prometheus}
default_vhost = {vhost}
default_user = {user}
default_pass = {password}
vm_memory_high_watermark.absolute = 768MB
disk_free_limit.absolute = 256MB
log.console = true
log.console.level = info
log.file = false
"""
_VM = "-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false +S 2:2 +A 8 +P 131072"
"""Distribution on loopback; two schedulers, and a process table for one machine's load."""


@dataclass(frozen=True, slots=True)
class Home:
    """An installed RabbitMQ and the Erlang that runs it."""

    server: Path
    """The start script `sbin/rabbitmq-server` of the release itself, not a distribution's wrapper around it."""
    erlang: Path
    """The folder with `erl`."""
    binary: Binary


@dataclass(frozen=True, slots=True)
class RabbitMQ:
    """A private broker."""

    place: Place
    home: Home
    title: str = "RabbitMQ"
    ports: int = 5

    def amqp_url(self, ports: Sequence[int], vhost: str = VHOST) -> str:
        """Where clients find it."""
        return f"amqp://{USER}:{self.place.secret('password')}@{HOST}:{ports[0]}/{vhost}"

    def management_url(self, ports: Sequence[int]) -> str:
        """Where its HTTP API and dashboard are."""
        return f"http://{USER}:{self.place.secret('password')}@{HOST}:{ports[1]}"

    async def commands(self, ports: Sequence[int]) -> Sequence[Command]:
        """Write the configuration; Erlang's port mapper runs beside the node, as a child that ends with us."""
        amqp, management, prometheus, distribution, epmd = ports
        folder = self.place.folder
        self.place.data.mkdir(mode=0o700, exist_ok=True)
        password = self.place.secret("password")
        values = {"host": HOST, "vhost": VHOST, "user": USER, "password": password}
        write_private(folder / "rabbitmq.conf", _CONFIG.format(**values, amqp=amqp, management=management, prometheus=prometheus))
        (folder / "enabled_plugins").write_text("[rabbitmq_management,rabbitmq_prometheus].\n")
        self.place.secret(".erlang.cookie")
        (folder / ".erlang.cookie").chmod(0o400)
        env = {
            **self.home.binary.env,
            "PATH": f"{self.home.erlang}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": str(epmd),
            "ERL_EPMD_ADDRESS": HOST,
            "RABBITMQ_NODENAME": "faultmaven@localhost",
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.place.data),
            "RABBITMQ_LOG_BASE": str(folder),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_SCHEMA_DIR": str(self.place.data / "schema"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(self.place.data / "config"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _VM,
            # Its script then becomes the node instead of waiting beside it, so that our child is the node itself.
            "RABBITMQ_ALLOW_INPUT": "1",
        }
        return (
            Command((str(self.home.erlang / "epmd"), "-port", str(epmd), "-address", HOST), env, grace=1),
            # SIGTERM closes listeners and message stores within 0.1 s; the node then waits 5 s for its statistics to cease
            # (rabbitmq-server pull request 11070) and Erlang 2 s more. After 2 s even the youngest queue's entry is saved.
            Command((str(self.home.server), "-noinput"), env, grace=2),
        )

    async def version(self, ports: Sequence[int]) -> str:
        """The version once AMQP is accepted and the management API answers."""
        await accepts(ports[0])
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
                answer = await client.get(f"{self.management_url(ports)}/api/overview")
                return str(answer.raise_for_status().json()["rabbitmq_version"])
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise TransientError(type(error).__name__) from error


def installed() -> Home | None:
    """Find a RabbitMQ on PATH; distributions put a wrapper there that insists on its own user, so look behind it."""
    found, erl = on_path("rabbitmq-server"), on_path("erl")
    if found is None or erl is None:
        return None
    beside = found.path.with_name("rabbitmq-server")
    behind = sorted(found.path.parents[1].glob("lib/rabbitmq_server-*/sbin/rabbitmq-server"), reverse=True)
    server = next(iter(behind), beside if beside.with_name("rabbitmq-env").exists() else None)
    return Home(server, erl.path.parent, found) if server else None


def unpacked_home(root: Path) -> Home | None:
    """Find the RabbitMQ of an unpacked bundle."""
    servers = sorted(root.glob("usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server"))
    if not servers:
        return None
    binary = Binary(servers[-1], f"packages of the distribution ({root})", {"LD_LIBRARY_PATH": library_path(root)})
    return Home(servers[-1], root / "usr/lib/erlang/bin", binary)


async def provide(progress: Callable[[str], None]) -> Home:
    """Find RabbitMQ, or fetch the distribution's.

    Raises:
        SetupError: there is none; lists the options.
    """
    home = installed()
    if home is None and can_unpack():
        home = unpacked_home(await unpacked(PACKAGES, prepare=_relocate, progress=progress))
    if home is None:
        raise SetupError(
            "RabbitMQ was not found: put `rabbitmq-server` and `erl` on PATH, or use Debian or Ubuntu (their packages are unpacked "
            "without root), or set FM_AMQP_URL and FM_MANAGEMENT_URL to a server"
        )
    return home


def planned() -> tuple[str, str]:
    """Say where `provide` would take it from, and its version where that is known; for a person."""
    if home := installed():
        return home.binary.source, _release(home)
    if not can_unpack():
        return "", ""
    if home := unpacked_home(bundle_folder(PACKAGES)):
        return home.binary.source, _release(home)
    return "packages of the distribution, to be downloaded without root", ""


def _release(home: Home) -> str:
    """The version in the folder's name, `rabbitmq_server-3.10.8`."""
    return home.server.parents[1].name.partition("-")[2]


def _relocate(tree: Path, folder: Path) -> None:
    """Erlang's scripts know their root by heart: tell them the new one."""
    for script in tree.glob("usr/lib/erlang/**/bin/*"):
        if script.is_file() and not script.is_symlink() and script.read_bytes()[:2] == b"#!":
            mode = script.stat().st_mode
            script.write_text(
                re.sub(r"^(\s*ROOTDIR=)/usr/lib/erlang", rf"\1{folder}/usr/lib/erlang", script.read_text(), flags=re.MULTILINE)
            )
            script.chmod(mode)
    shutil.rmtree(tree / "usr/share", ignore_errors=True)
