"""What can be wrong with a file of people as a whole."""

__all__ = ["FileRefused"]


class FileRefused(Exception):
    """A file, or a text, out of which no people can be read; the message says why in one sentence."""
