//! Visitor tokens: a random id and an HMAC over (site, id, generation), so that no table of visitors is needed to know
//! one's own. The key lies in a file of its own (0600), never in the store.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::conversation::{SiteId, VisitorId};

const KEY_FILE: &str = "visitor.key";
const GENERATION: u32 = 1;
/// Bytes of the MAC kept: 128 bits.
const MAC_BYTES: usize = 16;

/// Signs and checks visitor tokens.
#[derive(Clone)]
pub(super) struct VisitorTokens {
    key: [u8; 32],
}

impl VisitorTokens {
    /// Reads the key file, or makes it.
    pub(super) fn open(dir: &Path) -> anyhow::Result<Self> {
        let path = dir.join(KEY_FILE);
        match fs::read(&path) {
            Ok(bytes) => {
                let key = bytes.try_into().ok().with_context(|| {
                    format!(
                        "{} does not hold 32 bytes. Restore it from a backup; if it is removed, a new key is made and returning visitors start anew",
                        path.display()
                    )
                })?;
                Ok(Self { key })
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                let mut key = [0; 32];
                key[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
                key[16..].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
                // Two version-4 UUIDs carry 244 random bits; hashing spreads them evenly over the key.
                let key: [u8; 32] = Sha256::digest(key).into();
                write_private(&path, &key).with_context(|| format!("cannot write {}", path.display()))?;
                Ok(Self { key })
            }
            Err(e) => Err(e).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// A key for another purpose, from which this one cannot be found.
    pub(super) fn derived(&self, purpose: &[u8]) -> [u8; 32] {
        let mut mac =
            <Hmac<Sha256> as KeyInit>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(purpose);
        mac.finalize().into_bytes().into()
    }

    fn mac(&self, site: &SiteId, visitor: VisitorId, generation: u32) -> [u8; MAC_BYTES] {
        let mut mac =
            <Hmac<Sha256> as KeyInit>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(site.as_str().as_bytes());
        mac.update(&[0]);
        mac.update(visitor.0.as_bytes());
        mac.update(&generation.to_be_bytes());
        let full = mac.finalize().into_bytes();
        let mut cut = [0; MAC_BYTES];
        cut.copy_from_slice(&full[..MAC_BYTES]);
        cut
    }

    /// A token for this visitor on this site.
    pub(super) fn sign(&self, site: &SiteId, visitor: VisitorId) -> String {
        let mac = self.mac(site, visitor, GENERATION);
        format!("v1.{}.{GENERATION}.{}", visitor.0.simple(), URL_SAFE_NO_PAD.encode(mac))
    }

    /// The visitor of a token, if it is ours for this site.
    pub(super) fn verify(&self, site: &SiteId, token: &str) -> Option<VisitorId> {
        if token.len() > 200 {
            return None;
        }
        let mut parts = token.split('.');
        let (version, id, generation, mac) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if version != "v1" || parts.next().is_some() {
            return None;
        }
        let visitor = VisitorId(uuid::Uuid::try_parse(id).ok()?);
        let generation: u32 = generation.parse().ok()?;
        let given = URL_SAFE_NO_PAD.decode(mac).ok()?;
        bool::from(self.mac(site, visitor, generation).ct_eq(given.as_slice())).then_some(visitor)
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// What is stored of an agent's token.
pub(super) fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_site_only_and_survives_a_restart() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let tokens = VisitorTokens::open(dir.path()).expect("a new key");
        let (shop, docs) = (SiteId::new("shop").expect("valid"), SiteId::new("docs").expect("valid"));
        let visitor = VisitorId(uuid::Uuid::new_v4());
        let token = tokens.sign(&shop, visitor);
        let again = VisitorTokens::open(dir.path()).expect("the same key");
        assert_eq!(again.verify(&shop, &token), Some(visitor));
        assert_eq!(again.verify(&docs, &token), None);
        for broken in ["", "v1", "v1.x.1.y", &token[1..], &token[..token.len() - 1], &format!("{token}.")] {
            assert_eq!(again.verify(&shop, broken), None, "{broken}");
        }
        let other = tokens.sign(&shop, VisitorId(uuid::Uuid::new_v4()));
        let mac = token.rsplit('.').next().expect("four parts");
        let swapped = other.rsplit_once('.').map(|(front, _)| format!("{front}.{mac}")).expect("four parts");
        assert_eq!(again.verify(&shop, &swapped), None);
    }
}
