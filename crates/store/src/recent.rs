//! Access keys that were read a moment ago: callers come in bursts, and each request is signed.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::AccessKey;

/// How long a key is believed to be as it was read. So much later at most, other processes see that it was revoked; the one
/// that revoked it sees it at once.
pub const KEY_KEPT: Duration = Duration::from_secs(1);

/// Most keys that are kept.
const MOST: usize = 1024;

/// Keys by their access key, each with the time at which it was read.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<BTreeMap<String, (Instant, AccessKey)>>);

impl Recent {
    fn keys(&self) -> MutexGuard<'_, BTreeMap<String, (Instant, AccessKey)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, ak: &str, now: Instant) -> Option<AccessKey> {
        let keys = self.keys();
        let (read, key) = keys.get(ak)?;
        (now.duration_since(*read) < KEY_KEPT).then(|| key.clone())
    }

    /// Keeps a key that was asked for at `read`.
    pub(crate) fn keep(&self, ak: &str, key: &AccessKey, read: Instant) {
        let mut keys = self.keys();
        if keys.len() >= MOST {
            keys.clear();
        }
        keys.insert(ak.to_owned(), (read, key.clone()));
    }

    pub(crate) fn forget(&self, ak: &str) {
        self.keys().remove(ak);
    }
}

#[cfg(test)]
mod tests {
    use airworthy_model::Role;

    use super::*;

    fn key() -> AccessKey {
        AccessKey {
            project_id: "p".into(),
            role: Role::Operator,
            secret: "s".to_owned().into(),
        }
    }

    #[test]
    fn a_key_is_believed_for_a_moment_and_never_after_it_was_forgotten() {
        let (recent, read) = (Recent::default(), Instant::now());
        recent.keep("AK", &key(), read);
        assert_eq!(recent.get("AK", read), Some(key()));
        assert_eq!(recent.get("OTHER", read), None);
        assert_eq!(recent.get("AK", read + KEY_KEPT), None);
        recent.forget("AK");
        assert_eq!(recent.get("AK", read), None);
    }

    #[test]
    fn strangers_cannot_fill_the_memory() {
        let (recent, read) = (Recent::default(), Instant::now());
        for number in 0..5000 {
            recent.keep(&number.to_string(), &key(), read);
        }
        assert!(recent.keys().len() <= MOST);
    }
}
