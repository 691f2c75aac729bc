//! Close codes: the range says what the client does.

/// What a client does after a close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// Reconnect at once and resume.
    Reconnect,
    /// Back off with full jitter, then resume.
    BackOff,
    /// Stop and tell the person.
    Stop,
}

/// Our close codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum CloseCode {
    /// The server restarts.
    Restart = 4000,
    /// Heartbeats were missed.
    HeartbeatMissed = 4009,
    /// The client reads too slowly.
    SlowConsumer = 4010,
    /// The agent's role, sites or groups changed: come back with those they have now.
    RightsChanged = 4011,
    /// Too much to do.
    Overloaded = 4100,
    /// Too fast.
    RateLimited = 4108,
    /// The token is wrong.
    AuthFailed = 4200,
    /// The token was withdrawn.
    Revoked = 4201,
    /// The same console instance connected again.
    Replaced = 4202,
    /// No common protocol version.
    Version = 4203,
    /// The peer does not keep to the protocol.
    ProtocolError = 4204,
    /// A frame over the limit.
    FrameTooLarge = 4205,
    /// This origin may not open this socket.
    ForbiddenOrigin = 4206,
    /// The visitor, or their address, is blocked on this site.
    Blocked = 4207,
}

impl CloseCode {
    /// The number on the wire.
    pub fn number(self) -> u16 {
        self as u16
    }
}

impl Range {
    /// What a client does for this code; codes that are not ours mean "back off".
    pub fn of(code: u16) -> Self {
        match code {
            4000..=4099 => Range::Reconnect,
            4200..=4299 => Range::Stop,
            _ => Range::BackOff,
        }
    }
}
