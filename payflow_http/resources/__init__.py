"""One class for each path of the API; its docstrings tell what a caller gets."""
