//! What a tree means to Kubernetes. The only floor that knows field names.

pub mod budget;
pub mod claims;
pub mod command;
pub mod container;
pub mod decode;
pub mod env;
pub mod field;
pub mod go;
pub mod handler;
pub mod heap;
pub mod image;
pub mod images;
pub mod kinds;
pub mod lifecycle;
pub mod object;
pub mod placement;
pub mod pod;
pub mod port;
pub mod probe;
pub mod program;
pub mod quantity;
pub mod reach;
pub mod removed;
pub mod resources;
pub mod review;
pub mod schema;
pub mod set;
pub mod shell;

pub mod tables;
pub mod validate;
pub mod volume;
