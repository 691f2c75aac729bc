//! The `handoff` room.
