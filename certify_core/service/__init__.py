"""The service: the engine behind a local, authenticated HTTP API."""
