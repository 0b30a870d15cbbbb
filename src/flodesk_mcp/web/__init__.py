"""The same tools over HTTP, for remote agents and many accounts. Nothing below imports it; it is an extra."""
