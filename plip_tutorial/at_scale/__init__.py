"""What millions of pictures need: embedding that goes on after an interruption, in parts, on several machines."""
