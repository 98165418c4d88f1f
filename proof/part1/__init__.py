"""Part 1: the main job runs."""
