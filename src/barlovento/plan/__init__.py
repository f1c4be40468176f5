"""Which aircraft looks where and when: prior, detection, allocation, coverage, routes."""
