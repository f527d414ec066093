"""C99 sources: `generate.py` fills the templates beside it."""
