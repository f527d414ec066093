"""The error of this package: files to read and files to write share one."""

from gategrad.data.errors import DataError

FileError = DataError
"""A file that can't be read or written as asked: `gategrad.data.DataError`, a ValueError."""
