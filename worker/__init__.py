"""The studio: one key, one job, its pictures, then gone (worker/README.md)."""
