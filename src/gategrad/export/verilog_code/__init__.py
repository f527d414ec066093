"""Verilog sources: `generate.py` fills the templates beside it."""
