"""The shell of planning: region, fleet, consents and zones in; cleared sorties out."""
