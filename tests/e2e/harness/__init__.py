"""Private mail servers, the daemon and everything around them, for tests and for scripts/quickstart.

Everything listens on 127.0.0.1, lives in a temporary folder, and dies with the process that started it.
"""
