"""Classifying all images in a folder, however many: in parts, on all cores or a cluster, exactly once each."""
