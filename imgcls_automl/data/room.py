"""Whether a set that is about to be decoded fits, on the disk and into the address space; room for it."""

from __future__ import annotations

import logging
import math
import resource
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.data.cached_sets import list_sets, remove_sets
from imgcls_automl.data.dataset import MIN_SIDE
from imgcls_automl.data.header import Header
from imgcls_automl.data.leftovers import clear_leftovers, measure_unfinished
from imgcls_automl.data.sizing import choose_shape
from imgcls_automl.errors import DatasetError
from imgcls_automl.text import format_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcls_automl.data.cached_sets import CachedSet
    from imgcls_automl.plugin import Extent

logger = logging.getLogger(__name__)

RECORD_BYTES = 256  # on the disk for each picture's id, label and notes
SPARE_BYTES = 64 << 20  # of a disk, for the run folder and for others


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Room for a decoded set.

    Attributes:
        pixels: Bytes that the pixels may take.
        where: What limits them, in words: `"the disk of /cache has 2.0 GB for them"`.
        remedy: What to do about it beside choosing smaller pictures.
    """

    pixels: int
    where: str
    remedy: str


def make_room(
    cache: Path, *, pictures: int, shape: tuple[int, int, int], limit: int | None
) -> None:
    """See to it that a set fits: remove what was used least recently, or refuse the set.

    Nothing is removed for a set that does not fit even then, and no set that is in use.

    Args:
        cache: The folder that holds decoded sets.
        pictures: How many the new set has.
        shape: (height, width, channels) of each.
        limit: Bytes that all sets together may take; None for as much as there is.

    Raises:
        DatasetError: The set does not fit; names the largest `--image-size` that does.
    """
    clear_leftovers(cache)
    sets = list_sets(cache)
    removable = [one for one in sets if not one.in_use]
    check_room(find_rooms(cache, pictures, removable), pictures=pictures, shape=shape)
    needed = pictures * (math.prod(shape) + RECORD_BYTES)
    missing = needed + SPARE_BYTES - shutil.disk_usage(cache).free
    if limit is not None:
        taken = sum(one.size for one in sets) + measure_unfinished(cache)
        missing = max(missing, needed + taken - limit)
    _remove(removable, missing)
    if limit is not None and needed > limit:
        logger.warning(
            "The decoded pictures take %s, more than the cache's limit of %s; they are kept until another "
            "set needs the room.",
            format_bytes(needed),
            format_bytes(limit),
        )


def make_room_to_read(cache: Path, read: int, more: int) -> None:
    """See to it that pictures which are handed over can be kept until all are read, and decoded.

    How many will come is known of some sources only (`check_room_to_read`): sets are removed as they come, the
    least recently used first.

    Args:
        cache: The folder that holds decoded sets, and these pictures meanwhile.
        read: Bytes of pictures that it holds already.
        more: Bytes that may come until this is asked again.

    Raises:
        DatasetError: There is no room on the disk, even without the sets that nobody uses.
    """
    missing = more + SPARE_BYTES - shutil.disk_usage(cache).free
    if missing <= 0:
        return
    clear_leftovers(cache)
    removable = [one for one in list_sets(cache) if not one.in_use]
    free = shutil.disk_usage(cache).free + sum(one.size for one in removable)
    if more + SPARE_BYTES > free:
        has = read + max(0, free - SPARE_BYTES)
        raise DatasetError(
            f"Pictures that come as pixels or bytes are kept on the disk until all are read. They may take "
            f"{format_bytes(read + more)} or more, but the disk of {cache} has {format_bytes(has)} for them.\n"
            "Free some space (imgcls-automl data cache list), or use another disk: --cache-dir DIR"
        )
    _remove(removable, missing)


def check_room_to_read(
    cache: Path, extents: Sequence[Extent | None], image_size: tuple[int, int] | None
) -> None:
    """Refuse sources that do not fit, before they are read: nothing is removed for what does not fit even then.

    The pictures that they hand over are kept on the disk until all are decoded, beside what they become.

    Args:
        cache: The folder that holds decoded sets, and these pictures meanwhile.
        extents: How much each of the sources hands over; None where nobody knows.
        image_size: (height, width) that the user asks for.

    Raises:
        DatasetError: They do not fit; names the largest `--image-size` that does where a smaller one helps.
    """
    known = [extent for extent in extents if extent is not None]
    pictures, kept = sum(it.pictures for it in known), sum(it.size for it in known)
    if not pictures:
        return
    clear_leftovers(cache)
    removable = [one for one in list_sets(cache) if not one.in_use]
    on_disk = shutil.disk_usage(cache).free + sum(one.size for one in removable) - SPARE_BYTES
    if kept > on_disk:
        raise DatasetError(
            f"{pictures:,} pictures that come as pixels or bytes take {format_bytes(kept)} on the disk until all "
            f"are read, but the disk of {cache} has {format_bytes(max(0, on_disk))} for them.\n"
            "A smaller --image-size does not help. Free some space (imgcls-automl data cache list), or use another "
            "disk: --cache-dir DIR"
        )
    shape = _foresee_shape(extents, image_size)
    if shape is not None:
        check_room(find_rooms(cache, pictures, removable, kept), pictures=pictures, shape=shape)


def check_room(rooms: Sequence[Room], *, pictures: int, shape: tuple[int, int, int]) -> None:
    """Refuse a set that does not fit into one of the rooms.

    Raises:
        DatasetError: Names the largest `--image-size` that fits into all of them.
    """
    needed = pictures * math.prod(shape)
    tightest = min(rooms, key=lambda room: room.pixels)
    if needed <= tightest.pixels:
        return
    height, width, channels = shape
    raise DatasetError(
        f"{pictures:,} pictures of {height}x{width} in {'colour' if channels == 3 else 'grey'} take "
        f"{format_bytes(needed)} decoded, but {tightest.where}.\n"
        f"{_describe_largest(tightest.pixels, pictures, shape)} {tightest.remedy}"
    )


def find_rooms(
    cache: Path, pictures: int, removable: Sequence[CachedSet], kept: int = 0
) -> list[Room]:
    """The room on the cache's disk, once `removable` is gone, and in this process's address space.

    Args:
        cache: The folder that holds decoded sets.
        pictures: How many the new set has.
        removable: What may be removed for it.
        kept: Bytes of pictures, as they were handed over, that are still to come to the disk.
    """
    free = shutil.disk_usage(cache).free + sum(one.size for one in removable)
    on_disk = max(0, free - SPARE_BYTES - pictures * RECORD_BYTES - kept)
    beside = f" beside {format_bytes(kept)} of pictures as they come" if kept else ""
    rooms = [
        Room(
            pixels=on_disk,
            where=f"the disk of {cache} has {format_bytes(on_disk)} for them{beside}",
            remedy="Or use another disk: --cache-dir DIR",
        )
    ]
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY:
        mappable = max(0, limit - _measure_address_space())
        rooms.append(
            Room(
                pixels=mappable,
                where=f"a process may map only {format_bytes(mappable)} more memory here",
                remedy="Or raise the limit of address space: ulimit -v",
            )
        )
    return rooms


def _foresee_shape(
    extents: Sequence[Extent | None], image_size: tuple[int, int] | None
) -> tuple[int, int, int] | None:
    """The shape that pictures will be decoded to, perhaps with too few channels; None where that is open."""
    shapes = {extent.image_shape if extent else None for extent in extents}
    channels = 3 if any(shape and shape[2] > 1 for shape in shapes) else 1
    if image_size is not None:
        return (*image_size, channels)
    if None in shapes or len({shape[:2] for shape in shapes if shape}) != 1:
        return None
    height, width, _ = next(shape for shape in shapes if shape)
    header = Header(height=height, width=width, channels=channels, mode="")
    return choose_shape([header], None)


def _describe_largest(room: int, pictures: int, shape: tuple[int, int, int]) -> str:
    height, width, channels = shape
    scale = math.sqrt(room / (pictures * math.prod(shape)))
    largest = (int(height * scale), int(width * scale))
    if min(largest) < MIN_SIDE:
        smallest = format_bytes(pictures * MIN_SIDE * MIN_SIDE * channels)
        return f"Even {MIN_SIDE}x{MIN_SIDE} pixels, the smallest, would take {smallest}."
    size = f"{largest[0]}" if height == width else f"{largest[0]}x{largest[1]}"
    return f"The largest that fits: --image-size {size}."


def _measure_address_space() -> int:
    """Bytes of address space that this process has taken already; 0 where the system does not tell."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[0]) * resource.getpagesize() if statm.exists() else 0


def _remove(removable: Sequence[CachedSet], missing: int) -> None:
    """Remove sets, the least recently used first, until so many bytes are free."""
    for one in removable:
        if missing <= 0:
            return
        for gone in remove_sets([one]):
            missing -= gone.size
            logger.info(
                "Removed %s (%s) from the cache to make room.",
                gone.about.data if gone.about else gone.name,
                format_bytes(gone.size),
            )
