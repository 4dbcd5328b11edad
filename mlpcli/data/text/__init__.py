"""Text tables: from bytes to cells to columns, vectorised over blocks of bytes."""
