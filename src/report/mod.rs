//! Renderers, one format a file. Each takes a [`Report`](crate::engine::outcome::Report) and a
//! writer; none of them knows terminals, arguments or the clock.

pub mod json;
pub mod page;
pub mod pretty;
pub mod safe;
pub mod sarif;
mod snippet;
mod timeline;
mod uri;

pub use timeline::draw as draw_timeline;
