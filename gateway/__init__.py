"""The door: consent, passing on sealed things, people's pages. It sees no photo, no likeness record and no portrait."""
