"""The promises, checked: rules about the tree, units, vectors, and whole journeys through real processes."""
