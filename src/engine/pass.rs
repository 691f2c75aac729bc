//! The token of a link in a mail: `l1.<visitor>.<conversation>.<until>.<mac>`.
//!
//! Its key is derived from the visitors' key for this purpose alone, so neither token can ever pass for the other. A mailbox
//! may be read by others than the visitor, so it opens one conversation, for a time, and says nothing of any other.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::mail::Pass;
use super::tokens::VisitorTokens;
use crate::conversation::{ConversationId, SiteId, Time, VisitorId};

/// What the key is derived for.
const PURPOSE: &[u8] = b"baton: link in a mail, v1";
/// Bytes of the MAC kept: 128 bits.
const MAC_BYTES: usize = 16;

impl VisitorTokens {
    fn pass_mac(&self, site: &SiteId, pass: &Pass) -> [u8; MAC_BYTES] {
        let key = self.derived(PURPOSE);
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).expect("HMAC takes keys of any length");
        mac.update(site.as_str().as_bytes());
        mac.update(&[0]);
        mac.update(pass.visitor.0.as_bytes());
        mac.update(pass.conversation.0.as_bytes());
        mac.update(&pass.until.0.to_be_bytes());
        let full = mac.finalize().into_bytes();
        std::array::from_fn(|i| full[i])
    }

    /// Signs a pass for this site.
    pub(super) fn sign_pass(&self, site: &SiteId, pass: &Pass) -> String {
        let mac = URL_SAFE_NO_PAD.encode(self.pass_mac(site, pass));
        let (visitor, conversation) = (pass.visitor.0.simple(), pass.conversation.0.simple());
        format!("l1.{visitor}.{conversation}.{}.{mac}", pass.until.0)
    }

    /// What a token lets in to, if it is ours for this site. Whether its time has come is the caller's to look at.
    pub(super) fn verify_pass(&self, site: &SiteId, token: &str) -> Option<Pass> {
        if token.len() > 200 {
            return None;
        }
        let parts: Vec<&str> = token.split('.').collect();
        let ["l1", visitor, conversation, until, mac] = parts[..] else { return None };
        let pass = Pass {
            visitor: VisitorId(uuid::Uuid::try_parse(visitor).ok()?),
            conversation: ConversationId(uuid::Uuid::try_parse(conversation).ok()?),
            until: Time(until.parse().ok()?),
        };
        let given = URL_SAFE_NO_PAD.decode(mac).ok()?;
        bool::from(self.pass_mac(site, &pass).ct_eq(given.as_slice())).then_some(pass)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_is_good_for_its_site_visitor_conversation_and_time_and_is_no_visitors_token() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let tokens = VisitorTokens::open(dir.path()).expect("a new key");
        let (shop, docs) = (SiteId::new("shop").expect("valid"), SiteId::new("docs").expect("valid"));
        let id = uuid::Uuid::new_v4;
        let pass = Pass { visitor: VisitorId(id()), conversation: ConversationId(id()), until: Time(5_000) };
        let token = tokens.sign_pass(&shop, &pass);
        assert_eq!(tokens.verify_pass(&shop, &token), Some(pass));
        assert_eq!(tokens.verify_pass(&docs, &token), None, "another site's");
        assert_eq!(tokens.verify(&shop, &token), None, "no visitor's token");
        let own = tokens.sign(&shop, pass.visitor);
        assert_eq!(tokens.verify_pass(&shop, &own), None, "a visitor's token is no pass");
        let parts: Vec<&str> = token.split('.').collect();
        for (at, other) in
            [(1, id().simple().to_string()), (2, id().simple().to_string()), (3, "6000".into())]
        {
            let mut changed: Vec<String> = parts.iter().map(|p| (*p).to_owned()).collect();
            changed[at] = other;
            assert_eq!(tokens.verify_pass(&shop, &changed.join(".")), None, "part {at} was changed");
        }
        for broken in ["", "l1", "l1....", &token[..token.len() - 1], &format!("{token}.x")] {
            assert_eq!(tokens.verify_pass(&shop, broken), None, "{broken}");
        }
    }
}
