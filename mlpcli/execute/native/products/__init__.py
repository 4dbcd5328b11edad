"""Matrix products in machine code: tiles, and the threads that share them."""
