//! The `knowledge` room.

/// Stand-in until the room is merged.
#[derive(Debug, Default)]
pub struct Index;
