"""Ways for the bytes of files from who sends them to who receives them."""
