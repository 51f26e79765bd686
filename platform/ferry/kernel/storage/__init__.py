"""Blobs by content: a file's sha256 is its name, so a name never means two things and a second `put` costs nothing.

`blobs()` gives the store in use: files under the data folder, or S3 when STORAGE_URL is set. Both keep the promise
that a blob is there whole or not at all, and durable when `put` returns. `handed_over()` gives the files that hosts
leave for one another under names (named.py).
"""

from ferry.kernel.storage.base import Blob, BlobMissing, BlobStore, BlobTooLarge
from ferry.kernel.storage.chosen import blobs, handed_over
from ferry.kernel.storage.named import Named, NamedFiles, StorageAway

__all__ = [
    "Blob",
    "BlobMissing",
    "BlobStore",
    "BlobTooLarge",
    "Named",
    "NamedFiles",
    "StorageAway",
    "blobs",
    "handed_over",
]
