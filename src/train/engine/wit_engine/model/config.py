"""The shape of a model: two towers and the space they share."""

from dataclasses import dataclass

from wit_engine.errors import EngineError
from wit_engine.fields import Fields


@dataclass(frozen=True)
class VitConfig:
    """A vision transformer over square patches."""

    size: int
    patch: int
    width: int
    layers: int
    heads: int


@dataclass(frozen=True)
class ResnetConfig:
    """CLIP's modified ResNet.

    `width` is the stem's; stage i (from 0) ends in 4·width·2^i channels. CLIP has four stages and a
    stem that shrinks the image four times; `stem_stride` 2 (no pool) or 1 (no stride either) keeps
    a larger map for images of a few dozen pixels.
    """

    size: int
    width: int
    layers: tuple[int, ...]
    heads: int
    stem_stride: int

    @property
    def features(self) -> int:
        """Channels after the last stage."""
        return 4 * self.width * (1 << (len(self.layers) - 1))

    @property
    def stride(self) -> int:
        """Image pixels a side for one cell of the last map."""
        return self.stem_stride * (1 << (len(self.layers) - 1))


@dataclass(frozen=True)
class TextConfig:
    """The text tower. `bag` averages token embeddings (the paper's CBOW) and has no layers."""

    kind: str
    context: int
    vocab: int
    width: int
    heads: int
    layers: int


@dataclass(frozen=True)
class ModelConfig:
    """A CLIP model."""

    embed_dim: int
    quick_gelu: bool
    image: VitConfig | ResnetConfig
    text: TextConfig


def read_model(fields: Fields) -> ModelConfig:
    """Validates a model's JSON form."""
    model = ModelConfig(
        embed_dim=fields.integer("embed_dim"),
        quick_gelu=fields.boolean("quick_gelu", True),
        image=_read_image(fields.object("image")),
        text=_read_text(fields.object("text")),
    )
    fields.close()
    return model


def _read_image(fields: Fields) -> VitConfig | ResnetConfig:
    image: VitConfig | ResnetConfig
    if fields.choice("kind", ("vit", "resnet")) == "vit":
        image = VitConfig(
            size=fields.integer("size"),
            patch=fields.integer("patch"),
            width=fields.integer("width"),
            layers=fields.integer("layers"),
            heads=fields.integer("heads"),
        )
        if image.size % image.patch:
            raise EngineError(
                f"config.model.image: size {image.size} is not a multiple of patch {image.patch}"
            )
        _check_heads("config.model.image", image.width, image.heads)
    else:
        image = _read_resnet(fields)
    fields.close()
    return image


def _read_resnet(fields: Fields) -> ResnetConfig:
    layers = tuple(fields.integers("layers"))
    if len(layers) > 4:
        raise fields.wrong("layers", "one to four stages")
    width = fields.integer("width", minimum=2)
    features = 4 * width * (1 << (len(layers) - 1))
    image = ResnetConfig(
        size=fields.integer("size"),
        width=width,
        layers=layers,
        heads=fields.integer("heads", max(1, features // 64)),
        stem_stride=fields.integer("stem_stride", 4),
    )
    if image.stem_stride not in (1, 2, 4):
        raise fields.wrong("stem_stride", "1, 2 or 4")
    if image.width % 2:
        raise fields.wrong("width", "an even number")
    if image.size % image.stem_stride or image.size < image.stride:
        raise EngineError(
            f"config.model.image: size {image.size} must be a multiple of {image.stem_stride} (the "
            f"stem's stride) and at least {image.stride} (the stride of all {len(layers)} stages)"
        )
    _check_heads("config.model.image", image.features, image.heads)
    return image


def _read_text(fields: Fields) -> TextConfig:
    bag = fields.choice("kind", ("transformer", "bag"), "transformer") == "bag"
    text = TextConfig(
        kind="bag" if bag else "transformer",
        context=fields.integer("context", minimum=2),
        vocab=fields.integer("vocab", minimum=3),
        width=fields.integer("width"),
        heads=fields.integer("heads", 1) if bag else fields.integer("heads"),
        layers=fields.integer("layers", 0, minimum=0) if bag else fields.integer("layers"),
    )
    if bag and text.layers:
        raise fields.wrong("layers", "0 for a bag of words")
    _check_heads("config.model.text", text.width, text.heads)
    fields.close()
    return text


def _check_heads(path: str, width: int, heads: int) -> None:
    if width % heads:
        raise EngineError(f"{path}: {heads} heads do not divide {width} channels")
