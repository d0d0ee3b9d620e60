//! Fixes in files: what the text becomes, and what it never becomes.

mod files;
mod generated;
mod texts;
