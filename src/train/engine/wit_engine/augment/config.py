"""What may be done to training images. Everything is off by default: CLIP only crops (paper §2.4),
and the client has cropped already.
"""

from dataclasses import dataclass, replace

from wit_engine.fields import Fields

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class AugmentConfig:
    """Ranges to draw from, one draw an image.

    scale       size of the content relative to the original, drawn log-uniformly: 0.5 shows the
                whole image at half its size, 2 shows the middle quarter of its area
    aspect      width over height is changed by a factor in [1/aspect, aspect], log-uniformly
    rotate      degrees to either side
    shear       degrees to either side, along x
    translate   fraction of the side, to either side, in both directions
    flip        probability of a left-right mirror image
    fill        what shows beyond the image's edges: its edge pixels, its reflection, or a colour
    brightness  factor in [1 - b, 1 + b]; likewise contrast (around the image's mean grey)
                and saturation
    hue         turns of the colour circle to either side, at most 0.5
    colour      probability that brightness, contrast, saturation and hue are changed at all
    grayscale   probability of losing all colour
    blur        probability of a 3×3 binomial blur
    noise       standard deviation of Gaussian noise, as a fraction of full scale
    erase       probability of hiding a rectangle (an eighth to a half of either side) behind `fill`
                (mid-grey where `fill` is not a colour)
    ramp        strength of all this in the first step, as a share of the full strength, which is
                reached at the end of the run in equal steps; flip, colour and fill stay as they are
    """

    scale: tuple[float, float] = (1.0, 1.0)
    aspect: float = 1.0
    rotate: float = 0.0
    shear: float = 0.0
    translate: float = 0.0
    flip: float = 0.0
    fill: str | Colour = "edge"
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    colour: float = 1.0
    grayscale: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    erase: float = 0.0
    ramp: float = 1.0

    def at(self, progress: float) -> "AugmentConfig":
        """The options in force when a share `progress` of the run's steps is done."""
        strength = self.ramp + (1 - self.ramp) * progress
        if strength == 1:
            return self
        return replace(
            self,
            scale=(self.scale[0] ** strength, self.scale[1] ** strength),
            aspect=self.aspect**strength,
            **{key: strength * getattr(self, key) for key in _RAMPED},
        )


_RAMPED = (
    "rotate",
    "shear",
    "translate",
    "brightness",
    "contrast",
    "saturation",
    "hue",
    "grayscale",
    "blur",
    "noise",
    "erase",
)


def read_augment(fields: Fields) -> AugmentConfig:
    """Validates the JSON form; every key is optional."""
    config = AugmentConfig(
        scale=fields.pair("scale", (1.0, 1.0)),
        aspect=fields.number("aspect", 1.0, minimum=1.0),
        rotate=fields.number("rotate", 0.0, maximum=180.0),
        shear=fields.number("shear", 0.0, maximum=60.0),
        translate=fields.number("translate", 0.0, maximum=1.0),
        flip=fields.number("flip", 0.0, maximum=1.0),
        fill=_read_fill(fields),
        brightness=fields.number("brightness", 0.0, maximum=1.0),
        contrast=fields.number("contrast", 0.0, maximum=1.0),
        saturation=fields.number("saturation", 0.0, maximum=1.0),
        hue=fields.number("hue", 0.0, maximum=0.5),
        colour=fields.number("colour", 1.0, maximum=1.0),
        grayscale=fields.number("grayscale", 0.0, maximum=1.0),
        blur=fields.number("blur", 0.0, maximum=1.0),
        noise=fields.number("noise", 0.0, maximum=1.0),
        erase=fields.number("erase", 0.0, maximum=1.0),
        ramp=fields.number("ramp", 1.0, maximum=1.0),
    )
    fields.close()
    return config


def _read_fill(fields: Fields) -> str | Colour:
    if isinstance(fields.value("fill", "edge"), str):
        return fields.choice("fill", ("edge", "reflect"), "edge")
    fill = fields.triple("fill")
    if not all(0 <= channel <= 1 for channel in fill):
        raise fields.wrong("fill", "edge, reflect or three numbers from 0 to 1")
    return fill
