"""The synthetic world: what stands in for a data set that is not at hand."""
