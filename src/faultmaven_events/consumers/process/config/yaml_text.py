"""YAML, with the line of every value. Aliases and depth are bounded: nothing is built, only the node graph is walked."""

import warnings
from collections.abc import Iterator

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from faultmaven_events.consumers.process.config.entry import MOST_ENTRIES, Entry, Problem, Reading, joined, within
from faultmaven_events.consumers.process.config.indented import read_indented

MOST_CHARACTERS = 500_000
"""The parser reads about 250 kB/s; beyond this the light reader takes over."""
MOST_VISITS = 60_000
DEEPEST = 80


def read_yaml(text: str) -> Reading:
    """Read all documents of a text; where it is no YAML, say where, and read what its indentation tells."""
    if len(text) > MOST_CHARACTERS:
        light = read_indented(text)
        return Reading(light.entries, light.problems, (*light.truncated, f"over {MOST_CHARACTERS} characters: read by indentation only"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            documents = [node for node in YAML(typ="safe", pure=True).compose_all(text) if node is not None]
    except (YAMLError, RecursionError, ValueError) as error:
        if "{{" in text or "{%" in text:  # a template of Helm, Ansible or Jinja: becomes YAML only when rendered
            return read_indented(text)
        return Reading(read_indented(text).entries, (_problem(error, text),))
    walk = _Walk(several=len(documents) > 1)
    entries, truncated = within(MOST_ENTRIES, walk.documents(documents))
    if walk.visits >= MOST_VISITS:
        truncated = (f"aliases blow up to more than {MOST_VISITS} nodes; the rest was not read",)
    return Reading(entries, tuple(walk.problems), truncated, tree=tuple(documents))


def _problem(error: Exception, text: str) -> Problem:
    if isinstance(error, RecursionError):
        return Problem("yaml-depth", "The YAML is nested too deeply to be read.", 1)
    mark = (error.problem_mark or error.context_mark) if isinstance(error, MarkedYAMLError) else None
    what = (isinstance(error, MarkedYAMLError) and error.problem) or "it cannot be parsed"
    last = text.count("\n") + (not text.endswith("\n"))
    line = min(mark.line + 1, max(1, last)) if mark else 1
    return Problem("yaml-syntax", f"YAML syntax error: {what}.", line, mark.column + 1 if mark else None)


class _Walk:
    """One walk over the node graph, with a budget, because an alias may point at a node many times."""

    def __init__(self, *, several: bool) -> None:
        self.several = several
        self.visits = 0
        self.problems: list[Problem] = []
        self._checked: set[int] = set()

    def documents(self, documents: list[Node]) -> Iterator[Entry]:
        for number, node in enumerate(documents):
            yield from self._entries(node, _document_name(node, number) if self.several else "", 0)

    def _entries(self, node: Node, path: str, depth: int) -> Iterator[Entry]:
        self.visits += 1
        if self.visits >= MOST_VISITS or depth > DEEPEST:
            return
        if isinstance(node, ScalarNode):
            yield Entry(path or "value", str(node.value), node.start_mark.line + 1)
        elif isinstance(node, MappingNode):
            self._check_duplicates(node, path)
            for key, value in node.value:
                yield from self._entries(value, joined(path, str(key.value) if isinstance(key, ScalarNode) else "?"), depth + 1)
        else:
            for number, item in enumerate(node.value):
                yield from self._entries(item, f"{path}[{_name(item) or number}]", depth + 1)

    def _check_duplicates(self, node: MappingNode, path: str) -> None:
        if id(node) in self._checked:
            return
        self._checked.add(id(node))
        seen: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, ScalarNode) or key.value == "<<":
                continue
            name, line = str(key.value), key.start_mark.line + 1
            if name in seen:
                text = f"The key {joined(path, name)} is set twice, on line {seen[name]} and on line {line}; most readers take the last."
                self.problems.append(Problem("duplicate-key", text, line, key.start_mark.column + 1))
            seen[name] = line


def _scalar(node: Node, key: str) -> str | None:
    if isinstance(node, MappingNode):
        for name, value in node.value:
            if isinstance(name, ScalarNode) and name.value == key and isinstance(value, ScalarNode):
                return str(value.value)
    return None


def _name(node: Node) -> str | None:
    """What a list member is called, so that its path survives a changed order."""
    name = _scalar(node, "name")
    return name if name and len(name) <= 80 and "\n" not in name else None


def _document_name(node: Node, number: int) -> str:
    kind = _scalar(node, "kind")
    metadata = next((value for key, value in node.value if isinstance(key, ScalarNode) and key.value == "metadata"), None) if kind else None
    name = _scalar(metadata, "name") if metadata is not None else None
    return f"{kind}/{name}" if kind and name else f"document-{number + 1}"
