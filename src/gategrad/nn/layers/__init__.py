"""Modules that a network is made of."""
