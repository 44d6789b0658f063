"""The interactive and the static figures of the book."""
