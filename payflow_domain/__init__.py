"""PayFlow's core: values, rules and use cases, with the standard library and attrs alone."""
