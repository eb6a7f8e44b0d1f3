"""Values and rules of certificate management: pure, no input or output, and no clock (``now`` is a parameter)."""
