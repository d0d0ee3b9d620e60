//! What a tree means to Kubernetes. The only floor that knows field names.

pub mod command;
pub mod container;
pub mod decode;
pub mod field;
pub mod image;
pub mod kinds;
pub mod object;
pub mod pod;
pub mod probe;
pub mod quantity;
pub mod review;
pub mod schema;
pub mod set;
pub mod shell;

pub mod tables;
pub mod validate;
