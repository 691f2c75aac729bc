//! The `handoff` room.

/// Stand-in until the room is merged.
#[derive(Debug, Clone, Default)]
pub struct Policy;
