"""Checks of containers and pods that need more than one place: what a container inherits, what an image means, what is ignored."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from faultmaven_events.consumers.process.config.lint.finding import Place
from faultmaven_events.consumers.process.config.lint.kubernetes.manifest import Container, Manifest, Object, Pod
from faultmaven_events.consumers.process.placed import Items, Map, dig, mapping, place_in, strings

Check = Callable[[Pod, Container], bool]
Alone = Callable[[Container], bool]
DEFAULT_CAPABILITIES = frozenset(
    {
        *("NET_ADMIN", "CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP", "SETPCAP"),
        *("NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE"),
    }
)
"""What a container may do unless it is dropped (and NET_ADMIN); dropping all of these by name is as good as dropping ALL."""
HIGH_UID = 10_000
LONGEST_NAME, LONGEST_VALUE = 200, 20_000
"""Characters that are searched."""
_SECRET_NAME = re.compile(
    r"^(AWS_SECRET_ACCESS_KEY|GOOGLE_APPLICATION_CREDENTIALS|AZURE_.+KEY|OCI_CLI_KEY_CONTENT)$|password|token|bearer|secret", re.IGNORECASE
)
_PRIVATE_KEY = re.compile(r"-BEGIN\s[\w\s]{0,60}PRIVATE KEY-", re.IGNORECASE)


def every_container(manifest: Manifest) -> Iterator[tuple[Object, Pod, Container]]:
    """Every container with the pod and the object that it is in."""
    for one in manifest.objects:
        if one.pod is not None:
            for container in one.pod.containers():
                yield one, one.pod, container


def place_of(one: Object, container: Container, *path: str) -> Place:
    """The place of a container, or of the deepest key in it that exists."""
    line, column = place_in(container.body, path) if path else (container.line, container.column)
    return Place(line, column, f"{one.title}, container {container.name}")


def _each(check: Check, *path: str) -> Callable[[Manifest], Iterator[Place]]:
    """A check of a whole manifest out of one of a container."""

    def places(manifest: Manifest) -> Iterator[Place]:
        return (place_of(one, container, *path) for one, pod, container in every_container(manifest) if check(pod, container))

    return places


def _alone(check: Alone, *path: str) -> Callable[[Manifest], Iterator[Place]]:
    """The same out of a check that needs no more than the container."""
    return _each(lambda _, container: check(container), *path)


def _own(container: Container, *keys: str) -> Any:
    return dig(container.body, "securityContext", *keys)


def _effective(pod: Pod, container: Container, *keys: str) -> Any:
    """A field of the security context: the container's, else the pod's."""
    own = _own(container, *keys)
    return dig(pod.spec, "securityContext", *keys) if own is None else own


def _uid(pod: Pod, container: Container) -> int | None:
    uid = _effective(pod, container, "runAsUser")
    return uid if isinstance(uid, int) and not isinstance(uid, bool) else None


def _may_be_root(pod: Pod, container: Container) -> bool:
    return _effective(pod, container, "runAsNonRoot") is not True and (_uid(pod, container) or 0) <= 0


def _cannot_start(pod: Pod, container: Container) -> bool:
    return _effective(pod, container, "runAsNonRoot") is True and _uid(pod, container) == 0


def _low_uid(pod: Pod, container: Container) -> bool:
    return (_uid(pod, container) or 0) < HIGH_UID


def _only_at_pod(field: str, *, wanted: bool) -> Check:
    """The field is as it should be at the pod, where Kubernetes has no such field, and not at the container."""
    return lambda pod, container: _own(container, field) is None and dig(pod.spec, "securityContext", field) is wanted


def _nowhere(field: str, *, wanted: bool) -> Check:
    return lambda pod, container: (_own(container, field) is not wanted) and not _only_at_pod(field, wanted=wanted)(pod, container)


def _dropped(container: Container) -> set[str]:
    return {name.upper().removeprefix("CAP_") for name in strings(_own(container, "capabilities", "drop"))}


def _keeps_capabilities(container: Container) -> bool:
    dropped = _dropped(container)
    return "ALL" not in dropped and not dropped >= DEFAULT_CAPABILITIES


def _drops_by_name(container: Container) -> bool:
    dropped = _dropped(container)
    return "ALL" not in dropped and dropped >= DEFAULT_CAPABILITIES


def _keeps_raw_sockets(container: Container) -> bool:
    return not _dropped(container) & {"ALL", "NET_RAW"}


def _unhardened(pod: Pod, container: Container) -> bool:
    """None of a seccomp profile, SELinux options, an AppArmor profile or dropped capabilities."""
    annotation = f"container.apparmor.security.beta.kubernetes.io/{container.name}"
    return not (
        _effective(pod, container, "seccompProfile", "type") not in {None, "", "Unconfined"}
        or _effective(pod, container, "seLinuxOptions")
        or _effective(pod, container, "appArmorProfile", "type") not in {None, "", "Unconfined"}
        or dig(pod.template, "metadata", "annotations", annotation)
        or (_dropped(container) and "ALL" not in {name.upper() for name in strings(_own(container, "capabilities", "add"))})
    )


def _tag(container: Container) -> str | None:
    """The tag of the image; None for a digest, "" where neither is given."""
    image = str(container.body.get("image") or "")
    return None if "@" in image else image.rpartition("/")[2].partition(":")[2]


def _moving_tag(container: Container) -> bool:
    return _tag(container) in {"", "latest"}


def _pulls_seldom(container: Container) -> bool:
    policy = container.body.get("imagePullPolicy")
    return policy != "Always" if policy is not None else not _moving_tag(container)


def _pulls_by_default(container: Container) -> bool:
    return container.body.get("imagePullPolicy") is None and _moving_tag(container)


def _env(container: Container) -> list[Map]:
    env = container.body.get("env")
    return [one for one in env if isinstance(one, Map)] if isinstance(env, Items) else []


def _secret_in_env(container: Container) -> bool:
    return any("valueFrom" not in one and (_names_secret(one) or _is_private_key(one.get("value"))) for one in _env(container))


def _names_secret(variable: Map) -> bool:
    return _SECRET_NAME.search(str(variable.get("name") or "")[:LONGEST_NAME]) is not None


def _is_private_key(value: Any) -> bool:
    return isinstance(value, str) and _PRIVATE_KEY.search(value[:LONGEST_VALUE]) is not None


def _named_secret_in_env(container: Container) -> bool:
    return any("valueFrom" in one and _names_secret(one) for one in _env(container))


def _is_dashboard(pod: Pod, container: Container) -> bool:
    image = str(container.body.get("image") or "")
    named = "kubernetes-dashboard" in {str(pod.labels.get(key)) for key in ("app", "k8s-app")}
    return named or "kubernetes-dashboard" in image or "kubernetesui" in image


def _is_tiller(pod: Pod, container: Container) -> bool:
    labels = pod.labels
    return "tiller" in str(container.body.get("image") or "") or (labels.get("app") == "helm" and labels.get("name") == "tiller")


def _is_open_tiller(pod: Pod, container: Container) -> bool:
    args = strings(container.body.get("args")) + strings(container.body.get("command"))
    local = any("--listen" in word and ("localhost" in word or "127.0.0.1" in word) for word in args)
    return _is_tiller(pod, container) and not local


def config_map_secrets(manifest: Manifest) -> Iterator[Place]:
    """ConfigMaps with a key that names a secret or a value that is a private key."""
    for one in manifest.of("ConfigMap"):
        data = mapping(one.body.get("data"))
        for key, value in data.items():
            if _SECRET_NAME.search(key[:LONGEST_NAME]) or _is_private_key(value):
                line, column = data.at[key]
                yield Place(line, column, f"{one.title}, {key[:60]}")


CONTAINER_CHECKS: dict[str, Callable[[Manifest], Iterator[Place]]] = {
    "run_as_root": _each(_may_be_root, "securityContext", "runAsUser"),
    "non_root_as_root": _each(_cannot_start, "securityContext", "runAsUser"),
    "escalation_allowed": _each(_nowhere("allowPrivilegeEscalation", wanted=False), "securityContext", "allowPrivilegeEscalation"),
    "escalation_at_pod": _each(_only_at_pod("allowPrivilegeEscalation", wanted=False)),
    "root_writable": _each(_nowhere("readOnlyRootFilesystem", wanted=True), "securityContext", "readOnlyRootFilesystem"),
    "read_only_at_pod": _each(_only_at_pod("readOnlyRootFilesystem", wanted=True)),
    "keeps_capabilities": _alone(_keeps_capabilities, "securityContext", "capabilities", "drop"),
    "drops_by_name": _alone(_drops_by_name, "securityContext", "capabilities", "drop"),
    "keeps_raw_sockets": _alone(_keeps_raw_sockets, "securityContext", "capabilities", "drop"),
    "unhardened": _each(_unhardened, "securityContext"),
    "moving_tag": _alone(_moving_tag, "image"),
    "pulls_seldom": _alone(_pulls_seldom, "imagePullPolicy"),
    "pulls_by_default": _alone(_pulls_by_default, "image"),
    "secret_in_env": _alone(_secret_in_env, "env"),
    "named_secret_in_env": _alone(_named_secret_in_env, "env"),
    "dashboard": _each(_is_dashboard, "image"),
    "tiller": _each(_is_tiller, "image"),
    "open_tiller": _each(_is_open_tiller, "args"),
    "low_uid": _each(_low_uid, "securityContext", "runAsUser"),
    "config_map_secrets": config_map_secrets,
}
