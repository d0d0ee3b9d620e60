//! What a tree means to Kubernetes. The only floor that knows field names.

pub mod container;
pub mod decode;
pub mod object;
pub mod pod;
pub mod siblings;
pub mod tables;
