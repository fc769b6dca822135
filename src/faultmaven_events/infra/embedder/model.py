"""A dense embedding model that runs in this process, without a network."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from faultmaven_events.errors import SetupError
from faultmaven_events.infra.embedder.build import MODEL, built_model
from faultmaven_events.settings import Settings

if TYPE_CHECKING:
    from fastembed import TextEmbedding

Vectors = NDArray[np.float32]
BATCH = 4
"""Texts a run. Measured with texts of 900 characters on one core: 29 a second and 60 MB with 4, 25 a second and 240 MB with 16."""
THREADS = 1
"""Of one run. Bulk work and queries run beside each other, each on a thread of its own."""
FILES = ("model.onnx", "onnx/model.onnx", "model_optimized.onnx")


@dataclass(frozen=True, slots=True)
class Embedder:
    """Texts to unit vectors. Safe to call from several threads at once."""

    name: str
    """What a collection remembers: vectors of different models cannot be compared."""
    dimension: int
    runner: "TextEmbedding"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a text, float32[len(texts), dimension]; texts are cut at the model's own length.

        Texts of like length share a batch, because a batch is padded to its longest.
        """
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        for place, vector in zip(order, self.runner.embed([texts[place] for place in order], batch_size=BATCH), strict=True):
            vectors[place] = vector
        return vectors


def open_embedder(settings: Settings) -> Embedder:
    """Load the model of the settings, or the default one. Takes a second; call it from a thread.

    Raises:
        SetupError: there is no model, or it cannot be loaded.
    """
    folder = settings.embed_model_path
    return _load(built_model(), MODEL, MODEL) if folder is None else _load(folder, *_registered(folder))


def _load(folder: Path, name: str, registered: str) -> Embedder:
    from fastembed import TextEmbedding

    try:
        runner = TextEmbedding(
            registered, cache_dir=str(folder), specific_model_path=str(folder), local_files_only=True, threads=THREADS, cuda=False
        )
        dimension = len(next(iter(runner.embed(["."]))))
    except Exception as error:  # noqa: BLE001 # onnxruntime and tokenizers raise classes of their own, none of which a caller could tell apart
        raise SetupError(
            f"the embedding model in {folder} cannot be loaded ({type(error).__name__}): delete the folder, or replace it"
        ) from None
    return Embedder(name, dimension, runner)


def _registered(folder: Path) -> tuple[str, str]:
    """Tell fastembed of a model in a folder; return the name to remember and the name it is registered under."""
    from fastembed import TextEmbedding
    from fastembed.common.model_description import ModelSource, PoolingType

    file = next((name for name in FILES if (folder / name).is_file()), None)
    if file is None:
        raise SetupError(f"FM_EMBED_MODEL_PATH: {folder} holds none of {', '.join(FILES)}")
    name = f"{folder.name[:80]}@{hashlib.sha256((folder / file).read_bytes()).hexdigest()[:12]}"
    if all(known["model"] != name for known in TextEmbedding.list_supported_models()):
        TextEmbedding.add_custom_model(
            model=name,
            pooling=PoolingType.CLS if _json(folder / "1_Pooling" / "config.json").get("pooling_mode_cls_token") else PoolingType.MEAN,
            normalization=True,
            sources=ModelSource(hf=name),  # never asked: the folder is given
            dim=_json(folder / "config.json").get("hidden_size", 0),
            model_file=file,
        )
    return name, name


def _json(file: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return content
