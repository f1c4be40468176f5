"""Which aircraft looks where and when, and along which path; pure, in metres of a local plane."""
