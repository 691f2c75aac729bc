//! One thing changes, and every other byte stays.

use super::*;

const FILE: &str = r#"# Ours. Ask Ada before changing it.
[server]
listen = "127.0.0.1:7842"   # behind the proxy

# The shop.
[[site]]
id = "shop"
# Shown to visitors.
name = 'Shop' # single quotes
# docs = "docs"
origins = [
    # live
    "https://shop.example.com",
    "https://www.example.com", # old
]

# The outlet: not many know it.
[[site]]
id = "outlet"
greeting = """
[[site]]
# level = "quick"
"""
# level = "balanced"

# Who is called at night.
[[webhook]]
url = "https://pager.example.com"
"#;

/// The lines of both texts that the other has not.
fn changed(before: &str, after: &str) -> (Vec<String>, Vec<String>) {
    let only =
        |a: &str, b: &str| a.lines().filter(|l| !b.lines().any(|m| m == *l)).map(str::to_owned).collect();
    (only(before, after), only(after, before))
}

#[test]
fn sites_are_found_whatever_stands_in_their_texts() {
    assert_eq!(ids(FILE).expect("ids"), ["shop", "outlet"]);
    assert_eq!(ids("").expect("none"), Vec::<String>::new());
    assert!(ids("site = [{id = \"a\"}]\n").expect_err("inline").contains("[[site]]"));
    assert!(ids("[[site]\n").is_err());
}

#[test]
fn a_value_is_replaced_in_its_place() {
    let after = set(FILE, Which::Site(0), "name", &string("The \"Shop\"")).expect("set");
    assert_eq!(
        changed(FILE, &after),
        (vec!["name = 'Shop' # single quotes".into()], vec!["name = 'The \"Shop\"' # single quotes".into()])
    );
    let after = set(FILE, Which::Table("server"), "listen", "\"[::1]:1\"").expect("set");
    assert!(after.contains("listen = \"[::1]:1\"   # behind the proxy\n"), "{after}");
}

#[test]
fn a_documented_key_comes_out_of_its_comment() {
    let after = set(FILE, Which::Site(0), "docs", "\"help\"").expect("set");
    assert_eq!(changed(FILE, &after), (vec!["# docs = \"docs\"".into()], vec!["docs = \"help\"".into()]));
    // Not the one within the greeting.
    let after = set(FILE, Which::Site(1), "level", "\"ai_only\"").expect("set");
    let (gone, new) = changed(FILE, &after);
    assert_eq!((gone, new), (vec!["# level = \"balanced\"".into()], vec!["level = \"ai_only\"".into()]));
    assert!(after.contains("# level = \"quick\"\n\"\"\""), "{after}");
}

#[test]
fn a_new_key_follows_the_last_one_of_its_table() {
    let after = set(FILE, Which::Site(0), "assistant", "false").expect("set");
    assert!(after.contains("]\nassistant = false\n\n# The outlet"), "{after}");
    let after = set(FILE, Which::Table("texts"), "resolved", "\"Bye.\"").expect("set");
    assert!(after.ends_with("\n[texts]\nresolved = \"Bye.\"\n") && after.starts_with(FILE), "{after}");
    let after = set("[[site]]\nid = \"a\"", Which::Site(0), "name", "\"A\"").expect("set");
    assert_eq!(after, "[[site]]\nid = \"a\"\nname = \"A\"\n");
    assert!(set(FILE, Which::Site(2), "name", "\"A\"").is_err());
}

#[test]
fn a_key_goes_with_its_lines() {
    let after = unset(FILE, Which::Site(0), "origins").expect("unset");
    assert_eq!(changed(FILE, &after).0.len(), 5);
    assert!(after.contains("# docs = \"docs\"\n\n# The outlet"), "{after}");
    assert_eq!(unset(FILE, Which::Site(1), "origins").expect("nothing to do"), FILE);
}

#[test]
fn a_list_keeps_its_comments_and_lines() {
    let add = ["https://new.example.com".to_owned(), "https://shop.example.com".to_owned()];
    let after = change_list(FILE, 0, "origins", &add, &[]).expect("added");
    let (gone, new) = changed(FILE, &after);
    assert!(
        gone.len() <= 1 && new.iter().any(|line| line.contains("https://new.example.com")),
        "{gone:?} {new:?}"
    );
    assert!(after.contains("# live") && after.contains("# old"), "{after}");
    assert_eq!(list(&after, 0, "origins").expect("a list").len(), 3);
    let less = change_list(&after, 0, "origins", &[], &add).expect("taken");
    assert_eq!(list(&less, 0, "origins").expect("a list"), ["https://www.example.com"]);
    let first = change_list(FILE, 1, "origins", &add, &[]).expect("added");
    assert!(
        first.contains("\norigins = [\"https://new.example.com\", \"https://shop.example.com\"]\n"),
        "{first}"
    );
}

#[test]
fn a_site_is_added_at_the_end_and_goes_with_its_comments() {
    let keys = [("id", string("late")), ("origins", strings(&["https://a.example".into()]))];
    let after = add(FILE, &keys);
    assert_eq!(after, format!("{FILE}\n[[site]]\nid = \"late\"\norigins = [\"https://a.example\"]\n"));
    assert_eq!(remove(&after, 2).expect("removed"), FILE);
    let after = remove(FILE, 1).expect("removed");
    assert!(after.contains("# old\n]\n\n# Who is called at night.\n[[webhook]]"), "{after}");
    assert!(!after.contains("outlet") && !after.contains("# level"), "{after}");
    let after = remove(FILE, 0).expect("removed");
    assert!(after.starts_with("# Ours.") && after.contains("proxy\n\n# The outlet"), "{after}");
    assert!(remove(FILE, 2).is_err());
    assert_eq!(add("", &[("id", string("a"))]), "\n[[site]]\nid = \"a\"\n");
}

#[test]
fn strings_are_written_so_that_they_read_back() {
    for text in ["plain", "a \"b\" 'c'", "back\\slash", "tab\tnew\nline", "é 你好", ""] {
        let doc: DocumentMut = format!("x = {}", string(text)).parse().expect("TOML");
        assert_eq!(doc["x"].as_str(), Some(text));
    }
    assert_eq!(strings(&[]), "[]");
    let long: Vec<String> = (0..9).map(|n| format!("https://shop-{n}.example.com")).collect();
    assert!(strings(&long).starts_with("[\n    \"https://shop-0"));
}

#[test]
fn tables_below_a_site_go_with_it() {
    let text = "[[site]]\nid = \"a\"\nhours.mon = \"9-17\"\n\n[site.mail]\nfrom = \"a@b.example\"\n\n[[site.day]]\nn = 1\n# so\n\n# The other.\n[[site]]\nid = \"b\"\n";
    assert_eq!(remove(text, 0).expect("removed"), "# The other.\n[[site]]\nid = \"b\"\n");
    let after = set(text, Which::Site(0), "name", "\"A\"").expect("set");
    let doc: DocumentMut = after.parse().expect("TOML");
    assert_eq!(doc["site"][0]["name"].as_str(), Some("A"), "{after}");
}

#[test]
fn each_key_of_the_shipped_default_is_set_in_its_one_line() {
    let text = include_str!("../../../../assets/default.toml");
    let site = text.split("[[site]]\n").nth(1).expect("a site");
    let mut keys = 0;
    for line in site.lines().take_while(|line| !line.starts_with('[')) {
        let Some((key, value)) = line.trim_start_matches("# ").split_once(" = ") else { continue };
        if key.contains(' ') {
            continue;
        }
        keys += 1;
        let after = set(text, Which::Site(0), key, value).expect("set");
        let same = |(a, b): &(&str, &str)| a == b || b.trim_start_matches("# ") == *a;
        let moved: Vec<_> = after.lines().zip(text.lines()).filter(|pair| !same(pair)).collect();
        assert!(moved.is_empty() && after.lines().count() == text.lines().count(), "{key}: {moved:?}");
    }
    assert!(keys >= 13, "{keys}");
}
