//! Renderers, on hand-made reports.

mod formats;
mod json;
mod pretty;
mod samples;
mod sarif;
