//! The webhooks that run, and how others take their place.

use tokio::sync::watch;

use super::attention::{self, Webhook};
use crate::engine::Engine;

/// Running webhooks. One that stays as it is runs on over a reload, with what it has begun.
pub(super) struct Bells {
    engine: Engine,
    running: Vec<(Webhook, watch::Sender<bool>)>,
    stopped: bool,
}

impl Bells {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine, running: Vec::new(), stopped: false }
    }

    /// These from now on: what is not among them ends, what is new begins. Returns how many of each.
    ///
    /// # Errors
    /// No client for requests could be made; everything is as before.
    pub(super) fn set(&mut self, hooks: Vec<Webhook>) -> anyhow::Result<(usize, usize)> {
        if self.stopped {
            return Ok((0, 0));
        }
        let before = std::mem::take(&mut self.running);
        let (stay, end): (Vec<_>, Vec<_>) = before.into_iter().partition(|(hook, _)| hooks.contains(hook));
        let fresh: Vec<Webhook> =
            hooks.into_iter().filter(|hook| !stay.iter().any(|(h, _)| h == hook)).collect();
        self.running = stay;
        let mut begun = Vec::new();
        for hook in &fresh {
            let (stop, stopping) = watch::channel(false);
            if let Err(error) = attention::spawn(&self.engine, vec![hook.clone()], &stopping) {
                self.running.extend(end);
                return Err(error);
            }
            begun.push((hook.clone(), stop));
        }
        self.running.extend(begun);
        for (_, stop) in &end {
            stop.send_replace(true);
        }
        Ok((fresh.len(), end.len()))
    }

    /// The server stops: all end, with what is under way.
    pub(super) fn drain(&mut self) {
        self.stopped = true;
        for (_, stop) in &self.running {
            stop.send_replace(true);
        }
    }
}
