"""The bytes of a derived file. Pure: files in, files out, no database.

Everything is written piece by piece, and `beat` is called between two pieces, so that whoever works under a lease can
renew it. A delta holds its base in memory, the other forms hold nothing.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from hashlib import sha256
from typing import BinaryIO

import zstandard

LEVEL = 19  # below about 15 zstd finds too little of what moved: level 3 gives deltas 16 times as large
PIECE = 256 * 1024
DICTIONARY_WINDOW = 8 * 1024 * 1024  # RFC 9842: 8 MB or 1.25 times the dictionary, whichever is more, at most 128 MB
LARGEST_WINDOW_LOG = 27
ENCODING_WINDOW_LOG = 23  # RFC 9659: a browser refuses Content-Encoding: zstd with more than 8 MB

Beat = Callable[[], None]


def write_delta(base: bytes, target: BinaryIO, size: int, out: BinaryIO, beat: Beat) -> None:
    """The zstd frame that makes `target` (of `size` bytes) out of `base`: what `zstd --patch-from` writes."""
    params = zstandard.ZstdCompressionParameters.from_level(
        LEVEL,
        source_size=size,
        dict_size=len(base),
        window_log=window_log(len(base), size),
        enable_ldm=len(base) > DICTIONARY_WINDOW,  # level 19 alone looks back over 8 MB
        write_content_size=True,
        write_checksum=True,
    )
    dictionary = zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    _compress(zstandard.ZstdCompressor(dict_data=dictionary, compression_params=params), target, size, out, beat)


def window_log(base: int, target: int) -> int:
    """How far the decoder has to look back, as a power of two: over the whole target where RFC 9842 lets it.

    A frame whose window holds all of it asks for its own size, not for the power of two above.
    """
    whole = max(10, (target - 1).bit_length())
    allowed = max(DICTIONARY_WINDOW, base * 5 // 4)
    return min(whole if target <= allowed else allowed.bit_length() - 1, LARGEST_WINDOW_LOG)


def read_delta(base: bytes, delta: BinaryIO, beat: Beat) -> tuple[str, int]:
    """sha256 and size of what a phone gets out of `base` and `delta`. Raises zstandard.ZstdError."""
    dictionary = zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    decompressor = zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=1 << LARGEST_WINDOW_LOG)
    digest, size = sha256(), 0
    with decompressor.stream_reader(delta, read_size=PIECE, closefd=False) as reader:
        while piece := reader.read(PIECE):
            digest.update(piece)
            size += len(piece)
            beat()
    return digest.hexdigest(), size


def write_zstd(source: BinaryIO, size: int, out: BinaryIO, beat: Beat) -> None:
    """The file for Content-Encoding: zstd."""
    params = zstandard.ZstdCompressionParameters.from_level(
        LEVEL,
        source_size=size,
        window_log=min(ENCODING_WINDOW_LOG, max(10, (size - 1).bit_length())),
        write_content_size=True,
        write_checksum=True,
    )
    _compress(zstandard.ZstdCompressor(compression_params=params), source, size, out, beat)


def write_gzip(source: BinaryIO, size: int, out: BinaryIO, beat: Beat) -> None:
    """The file for Content-Encoding: gzip; without a date or a name, so that it follows from the package."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    while piece := source.read(PIECE):
        out.write(compressor.compress(piece))
        beat()
    out.write(compressor.flush())


def write_deflated(source: BinaryIO, size: int, out: BinaryIO, beat: Beat) -> None:
    """The same files in the same order as an ordinary compressed zip, for hosts that know nothing else.

    Sizes stand in the local headers, because Android's ZipInputStream reads nothing but them.
    """
    with zipfile.ZipFile(source) as package, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped:
        for entry in package.infolist():
            info = zipfile.ZipInfo(entry.filename, date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system, info.external_attr = 3, 0o100644 << 16
            info.file_size = entry.file_size
            with package.open(entry) as file, zipped.open(info, "w") as written:
                while piece := file.read(PIECE):
                    written.write(piece)
                    beat()


def _compress(compressor: zstandard.ZstdCompressor, source: BinaryIO, size: int, out: BinaryIO, beat: Beat) -> None:
    stream = compressor.compressobj(size=size)
    while piece := source.read(PIECE):
        out.write(stream.compress(piece))
        beat()
    out.write(stream.flush())
