"""Model bundles and the one interpreter loader."""
