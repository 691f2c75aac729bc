//! The judgements on what no test should do to a machine: a full disk, a wrong clock, a proxy that eats sockets.
//!
//! One table: what is changed in facts that are all well, which check says so, and how.

use super::*;
use crate::conversation::{Role, SiteId, Time};
use crate::doctor::Status;
use crate::doctor::facts::{
    ConfigSeen, Facts, FrontSeen, ServerSeen, SignIn, SignedIn, SiteSeen, SocketRefused, SocketSeen, Told,
};
use crate::doctor::internet::{Internet, Tls};
use crate::log::{AgentRecord, Integrity, Sight, StoreSight};
use crate::protocol::{AvailabilityInfo, SUBPROTOCOL};
use crate::server::ServerConfig;

const NOW: Time = Time(1_790_000_000_000);

/// Behind a proxy with TLS, one site, one agent who is there.
fn well() -> Facts {
    let mut config = ServerConfig::demo().sites.remove(0);
    config.id = SiteId::new("shop").expect("an id");
    config.origins = vec!["https://shop.test".into()];
    config.loopback_origins = false;
    let record = AgentRecord {
        availability: AvailabilityInfo { available: true, ..AvailabilityInfo::default() },
        last_seen: Some(NOW),
        ..ada_of_a_store()
    };
    let ada = record.id;
    let greeting = Ok(vec![SUBPROTOCOL.to_owned()]);
    Facts {
        now: NOW,
        only: None,
        config: ConfigSeen {
            file: "baton.toml".into(),
            there: true,
            named: false,
            error: None,
            sites: vec![SiteSeen {
                config: config.clone(),
                docs: Vec::new(),
                docs_error: None,
                origins_error: None,
            }],
            internet: Internet {
                public_url: Some("https://chat.test".into()),
                trusted_proxies: vec!["127.0.0.1".into()],
                ..Internet::default()
            },
            listen: None,
        },
        data: "data".into(),
        store: Sight::Store(Box::new(StoreSight {
            version: 3,
            known: 3,
            log_id: Some("log".into()),
            head: 7,
            last_at: Some(NOW),
            agents: Some(vec![record]),
            integrity: Integrity::Whole,
        })),
        free: Some(10 << 30),
        modes: Vec::new(),
        tls_unreadable: Vec::new(),
        mail: None,
        server: ServerSeen {
            base: "http://127.0.0.1:7842".into(),
            answers: Ok(()),
            foreign: false,
            store_in_use: None,
            agent_socket: Ok(vec![SUBPROTOCOL.to_owned()]),
        },
        front: FrontSeen {
            base: "https://chat.test".into(),
            widget: Ok(()),
            skew_s: Some(0),
            sockets: vec![SocketSeen { site: config.id, origin: "https://shop.test".into(), greeting }],
        },
        sign_in: SignIn::Done(Box::new(SignedIn {
            name: "Ada".into(),
            role: Role::Admin,
            log_id: "log".into(),
            agents: vec![Told {
                id: ada,
                name: "Ada".into(),
                role: Role::Admin,
                available: true,
                reason: None,
                present: true,
            }],
        })),
        page: None,
    }
}

/// As a store has her: made by a real one, so that this need not know all there is to an agent.
fn ada_of_a_store() -> AgentRecord {
    static ADA: std::sync::LazyLock<AgentRecord> = std::sync::LazyLock::new(|| {
        let dir = tempfile::tempdir().expect("a folder");
        crate::log::add_agent(dir.path(), "Ada", Role::Admin, &[1; 32]).expect("an agent");
        let Sight::Store(store) = crate::log::inspect(dir.path(), std::time::Duration::ZERO) else {
            unreachable!("a store was made")
        };
        store.agents.expect("it tells").remove(0)
    });
    ADA.clone()
}

fn store(facts: &mut Facts) -> &mut StoreSight {
    match &mut facts.store {
        Sight::Store(store) => store,
        _ => unreachable!("facts that are well have a store"),
    }
}

fn refuse(facts: &mut Facts, status: u16, code: Option<&str>) {
    facts.front.sockets[0].greeting = Err(SocketRefused {
        status: Some(status),
        code: code.map(str::to_owned),
        why: format!("HTTP {status}"),
    });
}

/// What is changed, and what is then told: the checks that are not ok, the first with words of what it says or mends.
type Break = (&'static str, fn(&mut Facts), &'static [(&'static str, Status)], &'static str);

const BREAKS: &[Break] = {
    use Status::{Fail, Skip, Warn};
    &[
        ("little room", |f| f.free = Some(500 << 20), &[("disk", Warn)], "500 MiB free"),
        ("no room", |f| f.free = Some(1 << 20), &[("disk", Fail)], "make room"),
        ("no word of the disk", |f| f.free = None, &[("disk", Skip)], "does not tell"),
        ("a clock at its battery's end", |f| f.now = Time(1), &[("clock", Fail)], "1970-01-01"),
        (
            "a clock set back",
            |f| f.now = Time(NOW.0 - 3_600_000),
            &[("clock", Fail)],
            "60 min behind the last event",
        ),
        ("a clock a little off", |f| f.front.skew_s = Some(-90), &[("clock", Warn)], "90 s ahead of"),
        ("a clock far off", |f| f.front.skew_s = Some(7_200), &[("clock", Fail)], "2 h behind"),
        ("an older store", |f| store(f).version = 2, &[("store", Warn)], "brought up"),
        (
            "a huge store",
            |f| store(f).integrity = Integrity::Unfinished,
            &[("integrity", Warn)],
            "quiet hour",
        ),
        (
            "an unreadable store",
            |f| f.store = Sight::Unreadable("permission denied".into()),
            &[("store", Fail), ("integrity", Skip), ("log_id", Skip)],
            "as the user the server runs as",
        ),
        (
            "an older server",
            |f| f.server.agent_socket = Ok(vec!["baton.v0+json".into()]),
            &[("versions", Fail)],
            "baton.v0+json",
        ),
        (
            "no socket for consoles",
            |f| f.server.agent_socket = Err("HTTP 400".into()),
            &[("socket.agent", Fail)],
            "let the proxy pass WebSockets",
        ),
        (
            "plain public address",
            |f| {
                f.config.internet.public_url = Some("http://chat.test".into());
                f.front.base = "http://chat.test".into();
            },
            &[("public_url", Fail)],
            "browsers refuse what is not encrypted",
        ),
        (
            "a page without encryption",
            |f| f.config.sites[0].config.origins = vec!["http://shop.test".into()],
            &[("origins", Warn)],
            "http://shop.test is not encrypted",
        ),
        (
            "plain for everybody",
            |f| {
                f.config.internet.public_url = None;
                f.config.listen = Some(([0, 0, 0, 0], 7842).into());
            },
            &[("public_url", Warn), ("tls", Warn)],
            "public_url = ",
        ),
        (
            "a login that cannot be read",
            |f| f.sign_in = SignIn::Unreadable("login.toml is not what `baton login` wrote".into()),
            &[("login", Fail)],
            "baton login http://127.0.0.1:7842",
        ),
        (
            "no public address",
            |f| f.config.internet.public_url = None,
            &[("public_url", Warn)],
            "public_url = ",
        ),
        (
            "a proxy nobody believes",
            |f| f.config.internet.trusted_proxies.clear(),
            &[("proxy", Warn)],
            "trusted_proxies = [\\\"127.0.0.1\\\"]",
        ),
        (
            "a certificate that is gone",
            |f| {
                f.config.internet.tls = Some(Tls { certificate: "c.pem".into(), key: "k.pem".into() });
                f.tls_unreadable = vec!["the certificate no/such.pem cannot be read".into()];
            },
            &[("tls", Fail)],
            "no/such.pem",
        ),
        (
            "a mail server that does not let us in",
            |f| f.mail = Some(Err("the mail server 127.0.0.1:25 refuses the connection".into())),
            &[("mail", Fail)],
            "baton mail test --config",
        ),
        (
            "a proxy that does not reach the server",
            |f| {
                f.front.widget = Err("HTTP 502".into());
                f.front.sockets.clear();
            },
            &[("widget", Fail), ("socket.visitor", Skip)],
            "look at the proxy in front",
        ),
        (
            "a name that is not known",
            |f| {
                f.front.widget = Err("failed to lookup address information".into());
                f.front.sockets.clear();
            },
            &[("widget", Fail), ("socket.visitor", Skip)],
            "give chat.test an address in the DNS",
        ),
        (
            "a certificate of yesterday",
            |f| {
                f.front.widget = Err("invalid peer certificate: Expired".into());
                f.front.sockets.clear();
            },
            &[("widget", Fail), ("socket.visitor", Skip)],
            "for the name chat.test",
        ),
        (
            "a proxy that eats sockets",
            |f| refuse(f, 400, None),
            &[("socket.visitor", Fail), ("handoff", Warn)],
            "let the proxy pass WebSockets on",
        ),
        (
            "a server of yesterday",
            |f| refuse(f, 403, Some("origin.forbidden")),
            &[("socket.visitor", Fail), ("handoff", Warn)],
            "baton reload",
        ),
        (
            "a server too busy",
            |f| refuse(f, 503, None),
            &[("socket.visitor", Fail), ("handoff", Warn)],
            "look at the server's log",
        ),
        (
            "a console that was closed",
            |f| {
                if let SignIn::Done(signed) = &mut f.sign_in {
                    signed.agents[0].present = false;
                }
            },
            &[("handoff", Warn)],
            "Ada is Available but has no console open",
        ),
        (
            "an agent of another site",
            |f| {
                let agents = store(f).agents.as_mut().expect("they are known");
                agents[0].sites = Some(vec![SiteId::new("gone").expect("an id")]);
            },
            &[("agents", Fail), ("agents", Warn), ("handoff", Warn)],
            "no agent may answer",
        ),
        (
            "the demonstration by accident",
            |f| f.config.there = false,
            &[("config", Warn)],
            "a server would serve the site `demo`",
        ),
    ]
};

#[test]
fn each_change_is_told_by_its_check_and_no_other() {
    let all = run(&well());
    assert!(all.iter().all(|c| c.status == Status::Ok), "{all:#?}");
    for (what, change, expected, words) in BREAKS {
        let mut facts = well();
        change(&mut facts);
        let all = run(&facts);
        let told: Vec<_> = all.iter().filter(|c| c.status != Status::Ok).collect();
        let ids: Vec<_> = told.iter().map(|c| (c.id, c.status)).collect();
        assert_eq!(ids, *expected, "{what}: {told:#?}");
        let text = serde_json::to_string(told[0]).expect("JSON");
        assert!(text.contains(words), "{what}: {words}\n{text}");
        for check in told.iter().filter(|c| c.status != Status::Skip) {
            assert!(
                check.fix.iter().all(|fix| !fix.is_empty()) && !check.fix.is_empty(),
                "{what}: {check:?}"
            );
        }
    }
}

#[test]
fn ids_are_known_and_the_table_has_no_two_of_a_name() {
    let ids: Vec<&str> = CHECKS.iter().map(|(id, ..)| *id).collect();
    for (at, id) in ids.iter().enumerate() {
        assert!(!ids[..at].contains(id), "{id}");
    }
    let mut facts = well();
    facts.only = Some(SiteId::new("shpo").expect("an id"));
    for check in run(&facts).iter().chain(&run(&well())) {
        assert!(ids.contains(&check.id), "{} stands in no row", check.id);
    }
}

#[test]
fn the_policy_is_walked_as_the_server_walks_it() {
    let routes = |facts: &Facts| {
        let all = run(facts);
        let handoff = all.iter().find(|c| c.id == "handoff").expect("it is looked at");
        handoff.more.join("\n")
    };
    let facts = well();
    assert!(
        routes(&facts).starts_with("queue: restricted topic (billing_dispute), asks for a person"),
        "{}",
        routes(&facts)
    );
    let mut away = well();
    if let SignIn::Done(signed) = &mut away.sign_in {
        signed.agents[0].available = false;
    }
    let said = routes(&away);
    assert!(
        said.contains("ticket: restricted topic (billing_dispute), asks for a person, presses the button"),
        "{said}"
    );
    assert!(said.contains("stays with the assistant: "), "{said}");
    let mut manual = well();
    manual.config.sites[0].config.policy.routing.mode = crate::handoff::policy::RoutingMode::ManualOnly;
    let said = routes(&manual);
    assert!(said.contains("queue: asks for a person, presses the button"), "{said}");
}
