//! The `knowledge` room.
