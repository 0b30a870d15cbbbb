"""The authorization server for our own tools: programs ask, people answer at its pages."""
