"""One suite per port, run against every adapter of it.

Each suite is a class of tests. An adapter's test module derives from it and gives the fixture
``store``: an empty store that tells the time by the fixture ``clock``.
"""
