//! A bounded memory of what was used lately.
//!
//! Two generations instead of a list: when the young one is full it becomes the old one and the old one is forgotten.
//! What is used moves to the young. So at most `2 × capacity` are kept, and nothing used among the last `capacity`
//! distinct ones is lost.

use std::collections::HashMap;
use std::hash::Hash;

#[derive(Debug)]
pub(super) struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    capacity: usize,
}

impl<K: Eq + Hash + Clone, V> Recent<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), capacity }
    }

    pub(super) fn get(&mut self, key: &K) -> Option<&V> {
        if !self.young.contains_key(key) {
            let (key, value) = self.old.remove_entry(key)?;
            self.insert(key, value);
        }
        self.young.get(key)
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        self.old.remove(&key);
        if self.young.len() >= self.capacity && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    pub(super) fn remove(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::Recent;

    #[test]
    fn it_keeps_what_is_used_and_stays_bounded() {
        let mut recent = Recent::new(10);
        for i in 0..1000 {
            recent.insert(i, i * 2);
            assert_eq!(recent.get(&0), Some(&0), "used every time, so never forgotten");
            assert!(recent.young.len() + recent.old.len() <= 20);
        }
        assert_eq!(recent.get(&999), Some(&1998));
        assert_eq!(recent.get(&500), None);
        recent.insert(999, 1);
        assert_eq!(recent.get(&999), Some(&1));
        recent.remove(&999);
        assert_eq!(recent.get(&999), None);
    }
}
