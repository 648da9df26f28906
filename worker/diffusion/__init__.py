"""From a likeness record to pixels: numpy in, numpy out, one organ a file (worker/diffusion/README.md)."""
