//! Panics while the terminal is ours. In a background task: an event, and the screen stays. In the loop itself: the guard
//! gives the terminal back while unwinding, and only then are the words written.

use std::io::Write;
use std::panic;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

/// Catches the words of panics while it lives.
#[derive(Debug)]
pub struct Net {
    last: Arc<Mutex<Option<String>>>,
}

impl Net {
    /// Puts the net up; the words of every panic arrive on the receiver.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<String>) {
        let (send, receive) = mpsc::unbounded_channel();
        let last = Arc::new(Mutex::new(None));
        let kept = Arc::clone(&last);
        panic::set_hook(Box::new(move |info| {
            let words = info.to_string();
            // The place only: the words may quote what somebody wrote.
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(place, "a part of the console failed");
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(words.clone());
            let _ = send.send(words);
        }));
        (Self { last }, receive)
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // The hook of before cannot be given back from a panicking thread, and is the default one otherwise.
            drop(panic::take_hook());
        }
        let words = self.last.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(words) = words {
            let words = crate::text::Untrusted::new(words).display();
            let _ = writeln!(
                std::io::stderr(),
                "a part of the console failed: {words}\nDrafts and unsent messages are kept."
            );
        }
    }
}
