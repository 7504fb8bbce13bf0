"""What the pages on the mathematics are made of; written by tools/write_mathematics.py."""
