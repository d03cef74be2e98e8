"""CSV files of TikTok, read in parts, so that memory stays bounded for files of any size."""

from __future__ import annotations

import codecs
import csv
import io
import shutil
import threading
import typing as t
import zipfile
import zlib

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.json_repair import REPLACEMENT, replace_null_characters
from tap_tiktok_ads.api.temporary_files import open_temporary_file, storing

if t.TYPE_CHECKING:
    from collections.abc import Iterator

# Python stops at fields of more than 128 KiB, such as the details of a change of many objects.
csv.field_size_limit(2**31 - 1)

#: Minimum size of a part, in bytes. The last part can be smaller. A decoded part takes a multiple
#: of its size.
PART_BYTES = 128 * 1024
#: First bytes of a ZIP file, with and without files.
ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")


class CsvFile:
    """A CSV file in an unnamed temporary file, maybe sent as a ZIP file. Thread-safe.

    The file is deleted with this object.

    Attributes:
        file: The temporary file.
        columns: Column names of the first row.
        is_repaired: True if a text that was read so far is not clean Unicode.
    """

    def __init__(
        self,
        label: str,
        part_bytes: int = PART_BYTES,
        *,
        replaces_null: bool = True,
        has_unique_columns: bool = True,
    ) -> None:
        """Create an empty file.

        Args:
            label: Endpoint and advertiser of the file, for messages.
            part_bytes: Minimum size of a part. The last part can be smaller.
            replaces_null: True to replace null characters with U+FFFD.
            has_unique_columns: True if the columns have different names.
        """
        self.is_repaired = False
        self._replaces_null = replaces_null
        self._label = label
        self._has_unique_columns = has_unique_columns
        self._part_bytes = part_bytes
        self._lock = threading.Lock()
        self.file = open_temporary_file(self, f"the file of {label}")
        self.columns: list[str] = []
        self._offsets: list[int] = []  # of each part, and of the end

    @property
    def part_count(self) -> int:
        """Number of parts."""
        return max(0, len(self._offsets) - 1)

    def index(self) -> None:
        """Read the file once, to find the columns and the offset of each part.

        A line break within quotes does not end a row. An even number of quotes precedes an end.

        Raises:
            ResponseError: The file is not CSV.
        """
        self._unzip()
        position = quote_count = 0
        offsets: list[int] = []  # of the end of the first row, and of each part
        self.file.seek(0)
        for line in self.file:
            position += len(line)
            quote_count += line.count(b'"')
            is_part = not offsets or position - offsets[-1] >= self._part_bytes
            if quote_count % 2 == 0 and is_part:
                offsets.append(position)
        if quote_count % 2 or not offsets:
            reason = f"expected a complete last row, got {position} bytes without it"
            raise self._invalid(reason)
        self._offsets = offsets if offsets[-1] == position else [*offsets, position]
        self._set_columns(list(self._read_rows(0, offsets[0])))

    def _unzip(self) -> None:
        """Replace a ZIP file with the file that it contains.

        Raises:
            ResponseError: The ZIP file is damaged, or does not contain one file.
            StorageError: The file cannot be written.
        """
        self.file.seek(0)
        if self.file.read(len(ZIP_SIGNATURES[0])) not in ZIP_SIGNATURES:
            return
        content = f"the file of {self._label}"
        try:
            with zipfile.ZipFile(self.file) as archive, storing(content):
                (member,) = archive.infolist()
                target = open_temporary_file(self, content)
                with archive.open(member) as source:
                    shutil.copyfileobj(source, target)
                target.flush()
        except (ValueError, RuntimeError, zipfile.BadZipFile, zlib.error):
            reason = "expected a ZIP file with one CSV file"
            raise self._invalid(reason) from None
        self.file = target

    def _set_columns(self, header_rows: list[list[str]]) -> None:
        """Set the columns to the first row.

        Raises:
            ResponseError: The first row is not one row of unique names.
        """
        self.columns = header_rows[0] if header_rows else []
        is_repeated = self._has_unique_columns and len(set(self.columns)) < len(self.columns)
        if len(header_rows) > 1 or is_repeated:
            reason = "expected unique column names in the first row"
            raise self._invalid(reason)

    def read_part(self, number: int) -> list[dict[str, str]]:
        """Return the records of a part, by column name.

        Args:
            number: Number of the part, starting at 0.

        Raises:
            ResponseError: A row does not have as many fields as there are columns.
        """
        return [dict(zip(self.columns, row, strict=True)) for row in self.read_rows(number)]

    def read_rows(self, number: int) -> list[list[str]]:
        """Return the rows of a part, each with a field per column.

        Args:
            number: Number of the part, starting at 0.

        Raises:
            ResponseError: A row does not have as many fields as there are columns.
        """
        rows = list(self._read_rows(*self._offsets[number : number + 2]))
        for row in rows:
            if len(row) != len(self.columns):
                reason = f"expected {len(self.columns)} columns, got {len(row)}"
                raise self._invalid(reason)
        return rows

    def part_size(self, number: int) -> int:
        """Return the size of a part in bytes."""
        start, end = self._offsets[number : number + 2]
        return end - start

    def _read_rows(self, start: int, end: int) -> Iterator[list[str]]:
        """Yield the rows between two offsets."""
        with self._lock:
            self.file.seek(start)
            content = self.file.read(end - start)
        try:
            text = self._clean_text(content.removeprefix(b"" if start else codecs.BOM_UTF8))
            yield from filter(None, csv.reader(io.StringIO(text, newline="")))
        except csv.Error as error:
            raise self._invalid(str(error)) from None

    def _invalid(self, reason: str) -> errors.ResponseError:
        """Return the error for a file that is not CSV."""
        msg = f"{self._label} returned invalid CSV: {reason}. The next run creates a new task."
        return errors.ResponseError(msg)

    def _clean_text(self, content: bytes) -> str:
        """Return a text. Bytes that are not UTF-8, and null characters if set, become U+FFFD."""
        text = content.decode(errors="replace")
        if self._replaces_null:
            text = replace_null_characters(text)
        if REPLACEMENT in text and text.encode() != content:
            self.is_repaired = True
        return text
