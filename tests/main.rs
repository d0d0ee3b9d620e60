//! The one test binary.

mod reading;
