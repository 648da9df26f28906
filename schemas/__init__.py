"""The contract: what is said, in which bytes, and when it is true. No I/O in this room."""
