"""A trained model's word where no rule is sure: Magika (Apache-2.0) tells some 200 types of text by their first and last kilobyte.

Its model lies in its package; nothing is fetched. It knows languages and file formats, and neither logs nor metrics nor traces: those are
left to the rules. Some milliseconds a text, so it is asked last.
"""

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from faultmaven_events.consumers.classify.detector import Vote
from faultmaven_events.consumers.classify.sample import Sample
from faultmaven_events.schemas.evidence import EvidenceType

if TYPE_CHECKING:
    from magika import Magika

KINDS: Final[dict[EvidenceType, str]] = {
    "config": """appleplist csproj dockerfile gitmodules hcl htaccess ini internetshortcut json
        textproto toml vcxproj winregistry xml yaml""",
    "document": "bib eml html latex markdown mht rst rtf srt vtt",
    "source": """aidl asm asp autohotkey autoit awk batch bazel c clojure cmake cobol coffeescript cpp cs css dart dm elixir erb erlang
        fortran gemfile gemspec go gradle groovy handlebars haskell ipynb java javascript jinja julia kotlin lisp lua m4 makefile matlab
        objectivec ocaml pascal perl php powershell prolog proto python r ruby rust scala scss shell smali solidity sql swift tcl
        twig typescript vba verilog vhdl vue yara zig""",
}
"""The model's labels that say what a file is for. Left out: text of no kind, tables, and data that no class has."""
_TYPES: Final[dict[str, EvidenceType]] = {label: type_ for type_, labels in KINDS.items() for label in labels.split()}
_FORMATS: Final = {"eml": "mail", "hcl": "terraform", "csproj": "xml", "vcxproj": "xml", "appleplist": "xml"}
"""Labels that the rules call otherwise."""
TRUST: Final[dict[EvidenceType, float]] = {"source": 0.9, "config": 0.8, "document": 0.84}
"""Of a type: the score of a vote of which the model is certain."""
READ: Final = 65_536
LEAST: Final = 0.5
"""Probability below which the model's best guess is no vote."""


@cache
def _model() -> "Magika":
    """Load the model, on the calling thread alone: threads of its own cost more than one short text, and spin while they wait."""
    import onnxruntime  # type: ignore[import-untyped]  # it ships no types
    from magika import Magika, PredictionMode

    class OneThread(Magika):
        def _init_onnx_session(self) -> Any:
            onnxruntime.disable_telemetry_events()
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            return onnxruntime.InferenceSession(self._model_path, options, providers=["CPUExecutionProvider"])

    return OneThread(prediction_mode=PredictionMode.BEST_GUESS)


def learned(sample: Sample) -> Vote | None:
    """Ask the model; silent where it does not know, or knows only that it is text."""
    answer = _model().identify_bytes(sample.text[:READ].encode("utf-8", "replace"))
    if not answer.ok:
        return None
    label, score = str(answer.dl.label), float(answer.score)
    type_ = _TYPES.get(label)
    if type_ is None or score < LEAST:
        return None
    if label == "ini" and not re.search(r"^\s*\[", sample.text, re.MULTILINE):
        label = "properties"
    return Vote(type_, _FORMATS.get(label, label), TRUST[type_] * (0.5 + 0.5 * score), f"a trained model reads {label}")
