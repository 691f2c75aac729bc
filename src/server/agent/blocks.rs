//! `block`, `unblock` and `blocks` of an agent's client.

use ipnet::IpNet;

use super::Agent;
use crate::engine::WhomToBlock;
use crate::log::{Block, Blocked};
use crate::protocol::{BlockArg, BlockInfo, BlocksOk, UnblockArg, WireError};

impl Agent {
    pub(super) async fn block(&self, arg: BlockArg) -> Result<BlockInfo, WireError> {
        let whom = match (arg.conversation, arg.address) {
            (Some(_), None) if arg.site.is_some() => {
                return Err(WireError::bad_request(
                    "block: site goes with address; a visitor is of one site",
                ));
            }
            (Some(conversation), None) => WhomToBlock::VisitorOf(conversation),
            (None, Some(address)) => WhomToBlock::Address { net: network(&address)?, site: arg.site },
            _ => return Err(WireError::bad_request("block: give exactly one of conversation and address")),
        };
        let block = self.shared.engine.block(&self.session, whom, &arg.reason, arg.until).await;
        block.map(|b| info(&b)).map_err(|e| WireError::from(&e))
    }

    pub(super) async fn unblock(&self, arg: UnblockArg) -> Result<BlockInfo, WireError> {
        let lifted = self.shared.engine.unblock(&self.session, arg.block).await;
        lifted.map(|b| info(&b)).map_err(|e| WireError::from(&e))
    }

    pub(super) async fn blocks(&self) -> Result<BlocksOk, WireError> {
        let blocks = self.shared.engine.blocks(&self.session).await.map_err(|e| WireError::from(&e))?;
        Ok(BlocksOk { blocks: blocks.iter().map(info).collect() })
    }
}

/// An address or a network, as people write them.
fn network(text: &str) -> Result<IpNet, WireError> {
    let text = text.trim();
    let single = || text.parse().ok().map(|address: std::net::IpAddr| IpNet::from(address.to_canonical()));
    text.parse().ok().or_else(single).ok_or_else(|| {
        let shown: String = text.chars().take(64).flat_map(char::escape_debug).collect();
        let words = format!("“{shown}” is no address or network; write it like 192.0.2.7 or 2001:db8::/64. Nothing was changed");
        WireError::new("block.bad_address", words)
    })
}

fn info(block: &Block) -> BlockInfo {
    let (visitor, address, site) = match &block.what {
        Blocked::Visitor { id, site } => (Some(*id), None, Some(site.clone())),
        Blocked::Address { net, site } => (None, Some(net.to_string()), site.clone()),
    };
    BlockInfo {
        block: block.key,
        visitor,
        address,
        site,
        reason: block.reason.clone(),
        until: block.until,
        at: block.at,
        by: block.by.words(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks_are_read_as_people_write_them() {
        for (text, is) in [
            ("192.0.2.7", "192.0.2.7/32"),
            (" 192.0.2.0/24 ", "192.0.2.0/24"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ] {
            assert_eq!(network(text).map(|n| n.to_string()), Ok(is.to_owned()));
        }
        for bad in ["", "shop.example", "192.0.2.7/33", "192.0.2", "\u{1b}[2J"] {
            let error = network(bad).expect_err(bad);
            assert!(!error.message.contains('\u{1b}'));
        }
    }
}
