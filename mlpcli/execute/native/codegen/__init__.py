"""Plans as LLVM text."""
