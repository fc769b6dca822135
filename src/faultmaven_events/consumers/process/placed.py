"""YAML nodes as plain values that remember where they stood in the text. Aliases are shared, never copied, so a bomb stays small."""

from collections.abc import Iterator, Sequence
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

DEEPEST = 60
MOST_NODES = 60_000
_PREFIX = "tag:yaml.org,2002:"


class Map(dict[str, Any]):
    """A mapping; `at` has the 1-based line and column of each key."""

    __slots__ = ("at", "column", "line")

    def __init__(self, line: int, column: int) -> None:
        super().__init__()
        self.line, self.column = line, column
        self.at: dict[str, tuple[int, int]] = {}


class Items(list[Any]):
    """A sequence; `at` has the 1-based line and column of each member."""

    __slots__ = ("at", "column", "line")

    def __init__(self, line: int, column: int) -> None:
        super().__init__()
        self.line, self.column = line, column
        self.at: list[tuple[int, int]] = []


class Values:
    """The values of some documents, with one budget for all of them; `above` are the lines before the text that was parsed."""

    def __init__(self, above: int = 0) -> None:
        self._above = above
        self._left = MOST_NODES
        self._known: dict[int, Any] = {}

    def of(self, node: Node, depth: int = 0) -> Any:
        """Return the value of a node: Map, Items, str, int, float, bool or None; None too beyond the depth and the budget."""
        if id(node) in self._known:
            return self._known[id(node)]
        self._left -= 1
        if self._left < 0 or depth > DEEPEST:
            return None
        if isinstance(node, ScalarNode):
            return scalar(node)
        value: Any = None
        if isinstance(node, MappingNode):
            value = self._known[id(node)] = Map(*self._place(node))
            self._fill_map(value, node, depth)
        elif isinstance(node, SequenceNode):
            value = self._known[id(node)] = Items(*self._place(node))
            for item in node.value:
                value.at.append(self._place(item))
                value.append(self.of(item, depth + 1))
        return value

    def _fill_map(self, value: Map, node: MappingNode, depth: int) -> None:
        for key, child in node.value:
            if not isinstance(key, ScalarNode):
                continue
            name = str(key.value)
            if name == "<<":
                self._merge(value, self.of(child, depth + 1))
            else:
                value[name] = self.of(child, depth + 1)
                value.at[name] = self._place(key)

    def _place(self, node: Node) -> tuple[int, int]:
        return node.start_mark.line + 1 + self._above, node.start_mark.column + 1

    def _merge(self, value: Map, merged: Any) -> None:
        for other in merged if isinstance(merged, Items) else (merged,):
            if isinstance(other, Map) and other is not value:
                for name in other.keys() - value.keys():
                    value[name], value.at[name] = other[name], other.at[name]


def scalar(node: ScalarNode) -> str | int | float | bool | None:
    """The value that a scalar stands for; text where its number cannot be read."""
    tag, text = str(node.tag).removeprefix(_PREFIX), str(node.value)
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() == "true"
    try:
        if tag == "int":
            return int(text.replace("_", ""), 0) if len(text) < 40 else text
        if tag == "float":
            return float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan").replace(".NaN", "nan"))
    except ValueError:
        return text
    return text


def dig(value: Any, *keys: str) -> Any:
    """The value under these keys, or None where one is missing or not a mapping."""
    for key in keys:
        value = value.get(key) if isinstance(value, Map) else None
    return value


def mapping(value: Any) -> Map:
    """The value where it is a mapping, else an empty one."""
    return value if isinstance(value, Map) else Map(1, 1)


def strings(value: Any) -> list[str]:
    """The scalars of a list as strings; a single scalar is a list of one."""
    if isinstance(value, Items):
        return [str(item) for item in value if isinstance(item, str | int | float)]
    return [] if value is None or isinstance(value, Map) else [str(value)]


def place_in(value: Any, path: Sequence[str]) -> tuple[int, int]:
    """Line and column of the deepest key of the path that exists, of the value itself where none does."""
    line, column = getattr(value, "line", 1), getattr(value, "column", 1)
    for key in path:
        if not isinstance(value, Map) or key not in value:
            break
        line, column = value.at[key]
        value = value[key]
    return line, column


def found(value: Any, path: Sequence[str], line: int = 1, column: int = 1) -> Iterator[tuple[Any, int, int]]:
    """Every value at a path with its line and column; a part that ends in `[]` stands for every member of that list."""
    if not path:
        yield value, line, column
        return
    part, rest = path[0], path[1:]
    key = part.removesuffix("[]")
    if not isinstance(value, Map) or key not in value:
        return
    child = value[key]
    if not part.endswith("[]"):
        yield from found(child, rest, *value.at[key])
    elif isinstance(child, Items):
        for item, place in zip(child, child.at, strict=True):
            yield from found(item, rest, *place)
