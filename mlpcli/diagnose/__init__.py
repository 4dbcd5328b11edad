"""Stage 13: is the gradient right, and does it arrive?"""
