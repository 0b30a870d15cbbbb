"""Work on the whole list of an account: look through it, take it out, and see how it grows."""
