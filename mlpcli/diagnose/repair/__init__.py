"""The remedies of findings, tried by training, until the network learns."""
