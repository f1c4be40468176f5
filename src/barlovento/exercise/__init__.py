"""A hidden world to practise and be tested in: wind, gas, sensors, and the truth kept apart."""
