"""Open files of FAT and the clusters they share (firmware: lib/oofatfs/ff.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flashfs.errors import EACCES, EINVAL, EIO, ENOSPC
from flashfs.files import Handle
from flashfs.quirks import FAT_SEEK_FILLS, quirk_note
from flashfs.store import File, Folder

if TYPE_CHECKING:
    from flashfs.fat import Fat

READ, WRITE, CREATE_NEW, CREATE_ALWAYS, OPEN_ALWAYS = 1, 2, 4, 8, 16
LETTERS: dict[str, int] = {  # firmware: extmod/vfs_fat_file.c
    "r": READ,
    "w": WRITE | CREATE_ALWAYS,
    "x": WRITE | CREATE_NEW,
    "a": WRITE | OPEN_ALWAYS,
    "+": READ | WRITE,
}
CREATING = CREATE_NEW | CREATE_ALWAYS | OPEN_ALWAYS


class Chain:
    """Clusters with what is in them; what is written there is seen at once by everybody who has them open.

    ``linked``: the entry of ``file`` points to them · ``freed``: they were given back while somebody had them open, and
    nothing leads from one to the next any more
    """

    __slots__ = ("__weakref__", "clusters", "data", "file", "freed", "linked")

    def __init__(self, file: File, clusters: int = 0) -> None:
        self.file = file
        self.clusters = clusters
        self.linked = clusters > 0
        self.freed = False
        self.data: bytes | bytearray = file.data

    def writable(self, size: int) -> bytearray:
        """Return the content to write to, zeros added up to ``size``."""
        if not isinstance(self.data, bytearray):
            self.data = bytearray(self.data)
        if len(self.data) < size:
            self.data.extend(bytes(size - len(self.data)))
        return self.data


class FatFile(Handle):
    """An open file. Size and time reach its entry at ``flush`` and ``close``; a reader keeps the size it found."""

    __slots__ = ("_chain", "_epoch", "_failed", "_file", "_flags", "_folder", "_fs", "_modified", "_name", "_size")

    def __init__(
        self, fs: Fat, folder: Folder, name: bytes, file: File, flags: int, chain: Chain, *, modified: bool = False
    ) -> None:
        super().__init__(fs.error)
        self._fs = fs
        self._folder = folder
        self._name = name
        self._file = file
        self._flags = flags
        self._chain = chain
        self._epoch = file.epoch
        self._size = len(file.data)
        self._modified = modified
        self._failed = False

    def window(self) -> tuple[bytes | bytearray, int]:
        if self.closed:
            raise self.error(EINVAL)
        if self._failed:
            raise self.error(EIO)
        if not self._flags & READ:
            raise self.error(EACCES)
        return self._chain.data, self._size

    def read(self, size: int) -> bytes:
        return self._followed(self.pos, super().read(size))

    def read_characters(self, count: int) -> bytes:
        return self._followed(self.pos, super().read_characters(count))

    def line(self, limit: int) -> bytes:
        return self._followed(self.pos, super().line(limit))

    def _followed(self, start: int, data: bytes) -> bytes:
        """Return what was read, unless it lies in clusters to which nothing leads any more."""
        if self._chain.freed and self.pos > (edge := self._edge(start)):
            self.pos = edge
            raise self._lost_the_chain()
        return data

    def _edge(self, position: int) -> int:
        """Return where the next cluster has to be looked up."""
        size = self._fs.geometry.cluster_size
        return max(size, -(-position // size) * size)

    def _lost_the_chain(self) -> Exception:
        self._failed = True
        return self.error(EIO)

    def write(self, data: bytes) -> int:
        if self.closed:
            raise self.error(EINVAL)
        if self._failed:
            raise self.error(EIO)
        if not self._flags & WRITE:
            raise self.error(EACCES)
        chain, start, wanted = self._chain, self.pos, self.pos + len(data)
        end = self._edge(start) if chain.freed else self._fs.extend(chain, wanted)
        stop = max(start, min(wanted, end))
        if stop > start:
            content, piece = chain.writable(start), data[: stop - start]
            if start == len(content):
                content += piece  # a slice would be copied twice
            else:
                content[start:stop] = piece
        self.pos = stop
        self._size = max(self._size, stop)
        if stop < wanted and chain.freed:
            raise self._lost_the_chain()
        self._modified = True
        if stop < wanted:
            raise self.error(ENOSPC)
        return len(data)

    def seek(self, offset: int, whence: int) -> int:
        if self.closed or self._failed or not 0 <= whence <= 2:
            return self.pos
        wanted = (0, self.pos, self._size)[whence] + offset
        writing = bool(self._flags & WRITE)
        if wanted < 0:
            # The firmware counts without a sign: to before the start is far behind the end.
            if writing and FAT_SEEK_FILLS.name not in self._fs.around.quirks:
                evidence = f"{self._file.name!r}: seek({offset}, {whence}) at position {self.pos}"
                self._fs.around.note(quirk_note(FAT_SEEK_FILLS, evidence))
                return self.pos
            wanted &= 0xFFFFFFFF
        if wanted > self._size and not writing:
            wanted = self._size
        if self._chain.freed:
            return self._seek_in_freed(wanted)
        if wanted > self._size:
            # A full volume ends the file with its last cluster.
            wanted = min(wanted, self._fs.extend(self._chain, wanted))
            if wanted > self._size:
                self._chain.writable(wanted)
                self._size = wanted
                self._modified = True
        self.pos = wanted
        return wanted

    def _seek_in_freed(self, wanted: int) -> int:
        size = self._fs.geometry.cluster_size
        reached = (self.pos - 1) // size if 0 < self.pos <= wanted else 0
        if wanted > (reached + 1) * size:
            wanted = (reached + 1) * size
            self._lost_the_chain()
        self.pos = wanted
        return wanted

    def before_write(self) -> None:
        self._fs.step("write", self._file)

    def flush(self) -> None:
        if self.closed:
            raise self.error(EINVAL)
        if not self._modified:
            return
        file, fs = self._file, self._fs
        if not fs.store.holds(self._folder, self._name, file):
            self._modified = False
            if self._size:
                fs.tell_lost(file, self._size)
            return
        fs.step("commit", file)
        self._modified = False
        data = self._chain.data
        content = data[: self._size] if isinstance(data, bytes) else bytes(memoryview(data)[: self._size])
        if file.epoch != self._epoch and content != file.data:
            fs.tell_overwritten(file)
        fs.adopt(file, self._chain)
        fs.store.write(file, content)
        file.stamp = fs.around.stamp()
        self._epoch = file.epoch

    def close(self) -> None:
        if self.closed:
            return
        self.flush()
        self.closed = True
