"""One reader per data set, from the owners' file layout to a `LabelTable`."""
