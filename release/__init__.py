"""What each channel is told about this project, made from one source: `make release` writes it, a test compares it."""
