"""From files to matrices: rows, typed columns, parts, transforms fitted on the training part alone."""
