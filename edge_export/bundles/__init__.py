"""Recipes that make portrait bundles."""
