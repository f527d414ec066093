"""What the gates of a layer are: from weights to coefficients or tables, and back."""
