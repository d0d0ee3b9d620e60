//! Renderers, on hand-made reports.

mod json;
mod pretty;
mod samples;
mod sarif;
