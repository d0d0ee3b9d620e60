//! Renderers, one format a file. Each takes a [`Report`](crate::engine::outcome::Report) and a
//! writer; none of them knows terminals, arguments or the clock.

pub mod checkstyle;
mod fingerprint;
pub mod github;
pub mod gitlab;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod page;
pub mod pretty;
pub mod safe;
pub mod sarif;
mod snippet;
pub mod tap;
mod timeline;
mod uri;
mod words;

pub use timeline::draw as draw_timeline;
