//! `crashlint webhook`: admission reviews in, decisions out.
//!
//! [`answer`] is a pure function of a request's bytes and the policy; everything else here is about
//! carrying it: sockets, TLS, certificates, limits, life and death, metrics, the log.

pub mod answer;
mod mutate;
mod validate;
mod words;
