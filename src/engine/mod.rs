//! Objects, rules and policy make a report.

pub mod outcome;
