"""Parquet files: written by DuckDB under a temporary name, made durable, renamed, and counted only by the manifest.

    events/.tmp/<name>.parquet                                         being written; whatever lies here is garbage
    events/<table>/app=<host app>/day=<yyyy-mm-dd>/<name>.parquet      counts when journal.StoredFile has its row

Readers take their file list from the manifest, never from a glob: a file that was renamed by a loader that died
before its transaction is invisible, and the next loader sweeps it away. DuckDB works in memory only; its own database
file would be locked to one process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferry.journal import disk
from ferry.kernel import ids

if TYPE_CHECKING:
    import duckdb

_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,39}")
NOBODY = "nobody"  # the folder of records that name no host app; no ULID looks like this


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that is complete under its temporary name and not yet in the manifest."""

    table: str
    app: str
    day: date
    path: str  # relative, where it will be
    temporary: Path
    rows: int
    bytes: int


def connect(*, threads: int = 2, memory: str = "512MB", spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory that never reaches for the network: no extension is fetched by itself (rule 16)."""
    import duckdb  # here: 12 MB that most processes, which only register handlers, never use

    config: dict[str, Any] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "threads": str(threads),
        "memory_limit": memory,
    }
    if spill is not None:
        config["temp_directory"] = str(spill)
    return duckdb.connect(config=config)


class Lake:
    """The folder of Parquet files and the DuckDB that writes them. One per loader; readers use `connect`."""

    def __init__(self, root: Path, *, temporary: Path | None = None, threads: int = 2) -> None:
        """`temporary`: a folder of one's own under `root`, for whoever writes beside the loader, which sweeps .tmp."""
        self.root = root
        self.temporary = temporary or root / ".tmp"
        self._threads = threads
        disk.make_folder(self.temporary)
        self.duckdb = connect(spill=self.temporary, threads=threads)

    def copy(self, *, table: str, app: str, day: date, query: str, parameters: Sequence[Any] = ()) -> NewFile:
        """Write what `query` selects as one file for (table, app, day): zstd, durable, under a temporary name."""
        if not _NAME.fullmatch(table) or (app and not _NAME.fullmatch(app)):
            raise ValueError(f"{table!r} and {app!r} must be names: they become folders")
        name = ids.new()
        temporary = self.temporary / f"{name}.parquet"
        done = self.duckdb.execute(
            f"COPY ({query}) TO {_quoted(temporary)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 250000)",
            list(parameters),
        ).fetchone()
        disk.sync_path(temporary)
        return NewFile(
            table=table,
            app=app,
            day=day,
            path=f"{table}/app={app or NOBODY}/day={day:%Y-%m-%d}/{name}.parquet",
            temporary=temporary,
            rows=int(done[0]) if done else 0,
            bytes=temporary.stat().st_size,
        )

    def copy_lines(
        self,
        *,
        table: str,
        app: str,
        day: date,
        lines: Iterable[bytes],
        columns: Mapping[str, str],
        select: str = "*",
    ) -> NewFile:
        """Write JSON lines as one file. `columns` names the members and their DuckDB types, `select` what is kept.

        Columns and select come from code, never from a record.
        """
        source = self.temporary / f"{ids.new()}.ndjson"
        try:
            with source.open("wb") as out:
                out.writelines(line + b"\n" for line in lines)
            shape = ", ".join(f"{_literal(name)}: {_literal(kind)}" for name, kind in columns.items())
            options = f"columns = {{{shape}}}, format = 'newline_delimited', maximum_object_size = {4 << 20}"
            query = f"SELECT {select} FROM read_json({_quoted(source)}, {options})"  # noqa: S608 quoted above
            return self.copy(table=table, app=app, day=day, query=query)
        finally:
            source.unlink(missing_ok=True)

    def publish(self, files: Iterable[NewFile]) -> None:
        """Rename every file to where readers will look, and make the names durable."""
        folders = set()
        for file in files:
            target = self.root / file.path
            disk.make_folder(target.parent)
            file.temporary.rename(target)
            folders.add(target.parent)
        for folder in folders:
            disk.sync_path(folder)

    def discard(self, files: Iterable[NewFile]) -> None:
        """Forget files that will not be published."""
        for file in files:
            file.temporary.unlink(missing_ok=True)

    def remove(self, paths: Iterable[str]) -> None:
        """Delete files that the manifest does not name any more, or never did."""
        for path in paths:
            (self.root / path).unlink(missing_ok=True)

    def files(self) -> list[str]:
        """Everything that lies here, with what is being written or was left unfinished; relative paths."""
        written = self.root.glob("*/app=*/day=*/*.parquet")
        unfinished = (path for path in self.temporary.iterdir() if path.is_file())
        return [path.relative_to(self.root).as_posix() for path in (*written, *unfinished)]

    def reopen(self) -> None:
        """A new DuckDB, after an error that may have broken the old one."""
        self.duckdb.close()
        self.duckdb = connect(spill=self.temporary, threads=self._threads)


def _quoted(path: Path) -> str:
    return _literal(str(path))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
