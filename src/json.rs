//! JSON bytes to trees.
