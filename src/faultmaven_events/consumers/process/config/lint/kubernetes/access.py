"""Checks of roles and of what binds them (RBAC)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from faultmaven_events.consumers.process.config.lint.finding import Place
from faultmaven_events.consumers.process.config.lint.kubernetes.manifest import Manifest, Object
from faultmaven_events.consumers.process.placed import Items, Map, dig, place_in, strings

Grant = Mapping[str, Sequence[str]]
"""Keys groups, resources, verbs: what a rule of a role must allow one of, each."""
VERBS = frozenset({"get", "list", "watch", "create", "update", "patch", "delete"})
OWN_NAMES = ("gce:podsecuritypolicy:calico-sa",)
"""Objects that a provider makes in every cluster; nobody who reads a finding may change them."""
OWN_ROLES = ("admin", "cluster-admin", "edit")
EXEC: Grant = {"groups": [""], "resources": ["pods/exec", "pods/attach"], "verbs": ["get", "create"]}


def _rules(role: Object) -> list[tuple[Map, tuple[int, int]]]:
    rules = role.body.get("rules")
    if not isinstance(rules, Items):
        return []
    return [(rule, place) for rule, place in zip(rules, rules.at, strict=True) if isinstance(rule, Map)]


def allows(rule: Map, grant: Grant) -> bool:
    """Whether a rule of a role allows what the grant names; `*` stands for all, `*/x` for the subresource x of all."""
    resources = [*grant["resources"], *(f"*/{name.partition('/')[2]}" for name in grant["resources"] if "/" in name)]
    return all(
        {"*", *wanted} & set(strings(rule.get(key)))
        for key, wanted in (("apiGroups", grant["groups"]), ("resources", resources), ("verbs", grant["verbs"]))
    )


def _is_own(one: Object) -> bool:
    return one.name.startswith("system:") or one.name in OWN_NAMES


def granting(test: Mapping[str, Any], manifest: Manifest) -> Iterator[Place]:
    """Roles of the kinds in `kinds` that allow every grant of `grants`; those that come with the cluster are left out."""
    for role in manifest.of(*test["kinds"]):
        if not (_is_own(role) or (role.kind == "ClusterRole" and role.name in OWN_ROLES)):
            places = [next((place for rule, place in _rules(role) if allows(rule, grant)), None) for grant in test["grants"]]
            if places[0] is not None and all(places):
                yield Place(places[0][0], places[0][1], role.title)


def wildcards(manifest: Manifest) -> Iterator[Place]:
    """Roles with a rule that names all groups, resources or verbs."""
    for role in manifest.of("Role", "ClusterRole"):
        for rule, place in _rules(role):
            if any("*" in name for key in ("apiGroups", "resources", "verbs") for name in strings(rule.get(key))):
                yield Place(place[0], place[1], role.title)
                break


def _is_admin(role: Object) -> bool:
    return any(
        "*" in strings(rule.get("apiGroups"))
        and "*" in strings(rule.get("resources"))
        and ("*" in (verbs := set(strings(rule.get("verbs")))) or verbs >= VERBS)
        for rule, _ in _rules(role)
    )


def _may_exec(role: Object) -> bool:
    return any(allows(rule, EXEC) for rule, _ in _rules(role))


def _bindings(binding: str, role: str, bad: Callable[[Object], bool], *, named: bool = False) -> Callable[[Manifest], Iterator[Place]]:
    """Bindings of a kind to roles of a kind in the file that are bad; `named`: to cluster-admin by its name, too."""

    def places(manifest: Manifest) -> Iterator[Place]:
        for one in manifest.of(binding):
            target = dig(one.body, "roleRef")
            name = dig(target, "name")
            if _is_own(one) or (binding == "ClusterRoleBinding" and one.name == "cluster-admin") or dig(target, "kind") != role:
                continue
            if (named and name == "cluster-admin") or any(bad(each) for each in manifest.of(role) if each.name == name):
                yield Place(*place_in(one.body, ("roleRef", "name")), one.title)

    return places


def _dangling(binding: str, role: str) -> Callable[[Manifest], Iterator[Place]]:
    """Bindings of a kind to a role that is not in the file; `view`, which every cluster has, allows nothing that matters here."""

    def places(manifest: Manifest) -> Iterator[Place]:
        known = {each.name for each in manifest.of(role)} | ({"view"} if role == "ClusterRole" else set())
        for one in manifest.of(binding):
            target = dig(one.body, "roleRef")
            if not _is_own(one) and one.name != "cluster-admin" and dig(target, "kind") == role and dig(target, "name") not in known:
                yield Place(*place_in(one.body, ("roleRef", "name")), one.title)

    return places


def default_account_bound(manifest: Manifest) -> Iterator[Place]:
    """Bindings of a role to the service account `default`."""
    for one in manifest.of("RoleBinding", "ClusterRoleBinding"):
        subjects = one.body.get("subjects")
        for subject, place in zip(subjects, subjects.at, strict=True) if isinstance(subjects, Items) else ():
            if dig(subject, "kind") == "ServiceAccount" and dig(subject, "name") == "default":
                yield Place(*place, one.title)


def default_account_mounts(manifest: Manifest) -> Iterator[Place]:
    """Service accounts `default` whose token is mounted."""
    for one in manifest.of("ServiceAccount"):
        if one.name == "default" and one.body.get("automountServiceAccountToken") is not False:
            yield Place(*place_in(one.body, ("automountServiceAccountToken",)), one.title)


ACCESS_CHECKS: dict[str, Callable[[Manifest], Iterator[Place]]] = {
    "wildcards": wildcards,
    "cluster_binding_admin": _bindings("ClusterRoleBinding", "ClusterRole", _is_admin, named=True),
    "binding_cluster_admin": _bindings("RoleBinding", "ClusterRole", _is_admin, named=True),
    "binding_admin": _bindings("RoleBinding", "Role", _is_admin),
    "cluster_binding_exec": _bindings("ClusterRoleBinding", "ClusterRole", _may_exec),
    "binding_cluster_exec": _bindings("RoleBinding", "ClusterRole", _may_exec),
    "binding_exec": _bindings("RoleBinding", "Role", _may_exec),
    "cluster_binding_dangling": _dangling("ClusterRoleBinding", "ClusterRole"),
    "binding_cluster_dangling": _dangling("RoleBinding", "ClusterRole"),
    "binding_dangling": _dangling("RoleBinding", "Role"),
    "default_account_bound": default_account_bound,
    "default_account_mounts": default_account_mounts,
}
