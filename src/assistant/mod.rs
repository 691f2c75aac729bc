//! The `assistant` room.
