"""Turns texts into vectors: all-MiniLM-L6-v2 by meaning, or hashing by spelling when nothing can be fetched."""

from agentmem.embeddings.base import Embedder, Matrix
from agentmem.embeddings.hashing import HashingEmbedder
from agentmem.embeddings.opening import EMBEDDERS, open_embedder
from agentmem.embeddings.weights import fetch_weights, model_folder

__all__ = ["EMBEDDERS", "Embedder", "HashingEmbedder", "Matrix", "fetch_weights", "model_folder", "open_embedder"]
