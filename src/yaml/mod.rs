//! YAML bytes to trees.
