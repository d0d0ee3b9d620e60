//! Renderers, one format a file.
