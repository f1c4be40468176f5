"""Where to look next on a grid: beliefs from random detections, policies and their scores."""
