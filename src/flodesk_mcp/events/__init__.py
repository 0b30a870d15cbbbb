"""Events of Flodesk's webhooks: received, verified by Flodesk itself, listed, and passed on."""
