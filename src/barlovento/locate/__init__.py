"""From readings to sources: likelihood, sampler, and the verb that joins them."""
