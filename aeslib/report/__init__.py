"""The HTML report: a book over the executed notebooks."""
