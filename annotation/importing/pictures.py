"""Looking at pictures before they are trusted, and making the smaller ones that pages show.

Pure: bytes in, bytes out. The parameters are explained in docs/algorithms/import.md.
"""

import io
import struct
import zlib
from dataclasses import dataclass

from django.utils.translation import gettext as _
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from PIL.Image import Resampling

# What people may bring: formats that every browser shows. MPO is how Pillow calls some JPEGs of phones.
FORMATS = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
}
# MPO is opened as JPEG.
OPENED = ("JPEG", "PNG", "WEBP", "GIF")
# Longest side of the pictures that pages show, in pixels; a smaller original is never enlarged.
DISPLAY_SIDE = 1600
THUMBNAIL_SIDE = 400
JPEG_QUALITY = 85
WEBP_QUALITY = 85
# A picture is looked at in a coarse size: damage anywhere in the file shows there too.
EXAMINED_SIDE = 400

SIDEWAYS = frozenset({5, 6, 7, 8})
ORIENTATION = 0x0112
# What Pillow raises for bytes that are no picture, or only half of one.
DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    struct.error,
    zlib.error,
)


class PictureRefused(ValueError):
    """The bytes cannot be used as a picture; the text says why, for a person."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What is known of a usable picture: its media type and its size in pixels as people see it."""

    media_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Derived:
    """A smaller picture: upright, in sRGB, without metadata."""

    content: bytes
    media_type: str
    width: int
    height: int


def examine(content: bytes, *, pixel_limit: int) -> Examined:
    """Return media type and upright size; every pixel was decoded once, after the limit was checked.

    Raises PictureRefused for what is no picture, is damaged, or has more than `pixel_limit` pixels.
    """
    picture = _opened(content, pixel_limit)
    media_type = FORMATS[str(picture.format)]
    width, height = _upright_size(picture)
    try:
        picture.thumbnail((EXAMINED_SIDE, EXAMINED_SIDE), Resampling.BOX)
        picture.load()
    except DAMAGE as error:
        raise PictureRefused(_("The picture is damaged or cut off.")) from error
    return Examined(media_type, width, height)


def derive(content: bytes, *, pixel_limit: int) -> tuple[Derived, Derived]:
    """Return the display picture and the thumbnail, made from one decoding. Raises PictureRefused as `examine`."""
    picture = _opened(content, pixel_limit)
    try:
        display = _upright(picture, DISPLAY_SIDE)
        small = display.copy()
        small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Resampling.LANCZOS, reducing_gap=3.0)
        return _encoded(display), _encoded(small)
    except DAMAGE as error:
        raise PictureRefused(_("The picture is damaged or cut off.")) from error


def _opened(content: bytes, pixel_limit: int) -> Image.Image:
    """Open without decoding and hold the pixel limit."""
    Image.init()
    try:
        picture = Image.open(io.BytesIO(content), formats=OPENED)
    except Image.DecompressionBombError as error:
        raise _too_large(pixel_limit) from error
    except UnidentifiedImageError as error:
        raise PictureRefused(_("This is not a JPEG, PNG, WebP or GIF picture.")) from error
    except DAMAGE as error:
        raise PictureRefused(_("The picture is damaged or cut off.")) from error
    if picture.width * picture.height > pixel_limit:
        raise _too_large(pixel_limit)
    return picture


def _too_large(pixel_limit: int) -> PictureRefused:
    return PictureRefused(
        _("The picture has more than %(n)d million pixels; make it smaller.")
        % {"n": pixel_limit // 1_000_000}
    )


def _upright_size(picture: Image.Image) -> tuple[int, int]:
    try:
        sideways = picture.getexif().get(ORIENTATION) in SIDEWAYS
    except DAMAGE:
        sideways = False
    return (picture.height, picture.width) if sideways else (picture.width, picture.height)


def _upright(picture: Image.Image, side: int) -> Image.Image:
    """Return the picture at most `side` pixels long, turned as it should be seen, in 8-bit sRGB."""
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith("I"):
        picture = picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    elif picture.mode in {"P", "1"}:
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    picture.thumbnail((side, side), Resampling.LANCZOS, reducing_gap=3.0)
    return _in_srgb(ImageOps.exif_transpose(picture), profile)


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Bring colours to sRGB: annotators judge colour words, so a wide-gamut picture must not look dull."""
    wanted = "RGBA" if picture.mode in {"RGBA", "LA", "PA"} else "RGB"
    if profile and picture.mode in {"RGB", "RGBA", "CMYK", "L"}:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            turned: Image.Image | None = ImageCms.profileToProfile(
                picture, source, ImageCms.createProfile("sRGB"), outputMode=wanted
            )
            if turned is not None:
                return turned
        except (ImageCms.PyCMSError, *DAMAGE):
            # A broken profile: the numbers are taken as sRGB, which is what most viewers do.
            pass
    return picture.convert(wanted)


def _encoded(picture: Image.Image) -> Derived:
    out = io.BytesIO()
    picture.info = {}
    if picture.mode == "RGBA":
        picture.save(out, "WEBP", quality=WEBP_QUALITY)
        media_type = "image/webp"
    else:
        picture.save(out, "JPEG", quality=JPEG_QUALITY, optimize=True, progressive=True)
        media_type = "image/jpeg"
    return Derived(out.getvalue(), media_type, picture.width, picture.height)
