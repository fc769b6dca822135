"""The embedding model: built once, exact, refused when it is not one."""

import json
import multiprocessing
import shutil
from pathlib import Path

import numpy as np
import pytest

from faultmaven_events.errors import SetupError
from faultmaven_events.infra.embedder.build import RECIPE, built_model
from faultmaven_events.infra.embedder.graph import Shape, draw
from faultmaven_events.infra.embedder.model import Embedder, open_embedder
from faultmaven_events.settings import Settings


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return open_embedder(Settings())


def test_near_meanings_have_near_vectors(embedder: Embedder) -> None:
    full, space, dog = embedder.embed(["The disk is full.", "No space left on device", "The dog chased a ball."])

    assert full @ space > full @ dog + 0.3


def test_vectors_have_length_one_and_the_model_s_dimension(embedder: Embedder) -> None:
    vectors = embedder.embed(["a", "b " * 2000, ""])

    assert vectors.shape == (3, embedder.dimension)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)
    assert embedder.embed([]).shape == (0, embedder.dimension)


def test_a_vector_does_not_depend_on_its_neighbours(embedder: Embedder) -> None:
    text = "FATAL: remaining connection slots are reserved"

    alone, among = embedder.embed([text])[0], embedder.embed(["x", text, "long " * 200])[1]

    assert np.abs(alone - among).max() < 1e-5


def test_a_known_sentence_has_its_published_vector(embedder: Embedder) -> None:
    """The first numbers that the original model gives for this sentence, as on its model card's example, computed with its own weights."""
    (vector,) = embedder.embed(["This is an example sentence"])

    assert vector[:4] == pytest.approx([0.0676569, 0.0634959, 0.0487131, 0.0793049], abs=1e-4)


def _build(folder: str, ready: "multiprocessing.synchronize.Barrier") -> None:
    import os

    os.environ["XDG_CACHE_HOME"] = folder
    ready.wait(60)
    built_model()


def test_two_processes_may_build_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(2)
    builders = [context.Process(target=_build, args=(str(tmp_path), ready)) for _ in range(2)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join(120)

    models = tmp_path / "faultmaven" / "models"
    assert [builder.exitcode for builder in builders] == [0, 0]
    assert [entry.name for entry in models.iterdir()] == [RECIPE]
    assert {"model.onnx", "tokenizer.json", "tokenizer_config.json"} <= {entry.name for entry in (models / RECIPE).iterdir()}


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))

    with pytest.raises(SetupError, match="XDG_CACHE_HOME"):
        built_model()


def test_a_folder_of_another_model_is_used_and_named_after_its_weights(tmp_path: Path) -> None:
    folder = tmp_path / "own-model"
    shutil.copytree(built_model(), folder)

    own = open_embedder(Settings(embed_model_path=folder))

    assert own.dimension == 384
    assert own.name.startswith("own-model@")


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"model\.onnx"):
        open_embedder(Settings(embed_model_path=tmp_path))


def test_a_broken_model_is_refused(tmp_path: Path) -> None:
    shutil.copytree(built_model(), tmp_path / "broken")
    (tmp_path / "broken" / "model.onnx").write_bytes(b"not a model")

    with pytest.raises(SetupError, match="cannot be loaded"):
        open_embedder(Settings(embed_model_path=tmp_path / "broken"))


def test_a_checkpoint_that_lacks_a_tensor_is_not_drawn() -> None:
    config = json.loads((built_model() / "config.json").read_text())

    with pytest.raises(KeyError):
        draw({}, Shape.of(config))
