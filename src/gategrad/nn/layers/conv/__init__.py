"""Layers on images: convolutions of gates, and the OR of windows."""
