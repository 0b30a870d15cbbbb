"""Files of hosted callers: pages on which people send them and get them, by links."""
