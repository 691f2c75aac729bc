//! The `conversation` room.
