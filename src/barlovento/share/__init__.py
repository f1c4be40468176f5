"""What is handed over: result files, map and report, made as bytes and never written here."""
