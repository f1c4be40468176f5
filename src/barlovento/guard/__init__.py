"""Rules: pure functions that return a proof or raise Refused."""
