//! `baton doctor`: is everything as it must be, and if not, what mends it.
//!
//! [`internet`]: what the configuration says about addresses in front of the server.

pub mod internet;
