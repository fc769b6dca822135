"""Text to vectors, offline: dense ones out of an ONNX model, sparse BM25 ones out of the words."""

from faultmaven_events.infra.embedder.model import Embedder, Vectors, open_embedder
from faultmaven_events.infra.embedder.words import WordWeights, document_words, passage_words, query_words

__all__ = ["Embedder", "Vectors", "WordWeights", "document_words", "open_embedder", "passage_words", "query_words"]
