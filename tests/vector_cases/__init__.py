"""The examples of schemas/vectors, by subject; tests/make_vectors.py writes them down."""
