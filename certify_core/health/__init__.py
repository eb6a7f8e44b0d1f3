"""Health: checks of what Certify needs, what they found last, and the thread that runs them by itself."""
