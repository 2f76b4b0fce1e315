"""The tests, and the builders and strategies they share."""
