"""What the original runtimes answered about the probes, and the scripts that asked them."""
