"""What a found source may be: one of the known look-alikes, nothing, or unexplained."""
