"""What networks are like while they train."""
