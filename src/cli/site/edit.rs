//! A configuration's text with one thing changed, and every other byte as it was.
//!
//! Pure: text in, text out. The places of tables and values are toml_edit's; what is not changed is not rendered anew, so
//! comments, order and spacing stay. Refused here: what a key means (the server's own parser looks at the result).

use std::ops::Range;

use toml_edit::{Array, Document, DocumentMut, Item, Table, Value};

/// A table as it stands in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The header, `[[site]]`.
    header: Range<usize>,
    /// Its keys with the places of key and value, in order.
    keys: Vec<(String, Range<usize>, Range<usize>)>,
    /// After everything in it, tables below it included.
    last: usize,
}

/// Which table is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which<'a> {
    /// A table of its own, such as `texts`.
    Table(&'a str),
    /// The site of this place in the file.
    Site(usize),
}

/// A list written without double brackets has no lines to change.
const INLINE: &str =
    "the sites stand in an inline list; write each as a table of its own:\n    [[site]]\n    id = \"shop\"";

/// The ids of the sites, in the file's order.
///
/// # Errors
/// In words: the text is no TOML, or its sites are not tables.
pub(super) fn ids(text: &str) -> Result<Vec<String>, String> {
    let doc = Document::parse(text).map_err(|e| e.to_string())?;
    let Some(sites) = doc.get("site") else { return Ok(Vec::new()) };
    let sites = sites.as_array_of_tables().ok_or(INLINE)?;
    let id = |site: &Table| site.get("id").and_then(Item::as_str).unwrap_or_default().to_owned();
    Ok(sites.iter().map(id).collect())
}

fn place(text: &str, which: Which<'_>) -> Result<Option<Place>, String> {
    let doc = Document::parse(text).map_err(|e| e.to_string())?;
    let table = match which {
        Which::Table(name) => doc.get(name).and_then(Item::as_table),
        Which::Site(n) => doc.get("site").and_then(Item::as_array_of_tables).and_then(|all| all.get(n)),
    };
    let Some((table, header)) = table.and_then(|table| Some((table, table.span()?))) else { return Ok(None) };
    let mut keys = Vec::new();
    for (name, item) in table.iter() {
        let key = table.key(name).and_then(toml_edit::Key::span);
        let (Some(key), Some(value)) = (key, item.as_value().and_then(Value::span)) else { continue };
        keys.push((name.to_owned(), key, value));
    }
    keys.sort_by_key(|(_, key, _)| key.start);
    let last = last(table).max(header.end);
    Ok(Some(Place { header, keys, last }))
}

/// After the last value of a table and of all below it.
fn last(table: &Table) -> usize {
    let ends = table.iter().map(|(_, item)| match item {
        Item::None => 0,
        Item::Value(value) => value.span().map_or(0, |span| span.end),
        Item::Table(below) => below.span().map_or(0, |span| span.end).max(last(below)),
        Item::ArrayOfTables(all) => all
            .iter()
            .map(|below| below.span().map_or(0, |span| span.end).max(last(below)))
            .max()
            .unwrap_or(0),
    });
    ends.max().unwrap_or(0)
}

impl Place {
    /// After the last of its lines that says something.
    fn end(&self) -> usize {
        self.keys.last().map_or(self.header.end, |(.., value)| value.end)
    }

    fn key(&self, name: &str) -> Option<&(String, Range<usize>, Range<usize>)> {
        self.keys.iter().find(|(key, ..)| key == name)
    }
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// The end of the line with its line break.
fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline + 1)
}

/// Sets a key: its value is replaced; else its line is taken out of its comment; else it is added after the last key.
///
/// # Errors
/// In words: the text is no TOML.
pub(super) fn set(text: &str, which: Which<'_>, key: &str, value: &str) -> Result<String, String> {
    let Some(place) = place(text, which)? else {
        let Which::Table(name) = which else { return Err("there is no such site".into()) };
        return Ok(format!("{}\n[{name}]\n{key} = {value}\n", ended(text)));
    };
    let mut new = text.to_owned();
    if let Some((.., old)) = place.key(key) {
        new.replace_range(old.clone(), value);
        return Ok(new);
    }
    let line = format!("{key} = {value}");
    if let Some(commented) = commented(text, &place, key) {
        new.replace_range(commented, &line);
        return Ok(new);
    }
    let at = line_end(text, place.end());
    let before = if text[..at].ends_with('\n') { "" } else { "\n" };
    new.insert_str(at, &format!("{before}{line}\n"));
    Ok(new)
}

/// Where `# key = …` stands in a table, without its line break.
fn commented(text: &str, place: &Place, key: &str) -> Option<Range<usize>> {
    let wanted = format!("# {key} = ");
    let mut at = line_end(text, place.header.end);
    while at < text.len() {
        let end = line_end(text, at);
        let line = text[at..end].trim_end_matches(['\r', '\n']);
        let within = place.keys.iter().any(|(.., value)| value.start < at && at < value.end);
        if !within {
            if line.starts_with(&wanted) {
                return Some(at..at + line.len());
            }
            if at >= place.end() && line.trim_start().starts_with('[') {
                return None;
            }
        }
        at = end;
    }
    None
}

/// Takes a key out, with its line. Without it the text is as it was.
///
/// # Errors
/// As [`set`].
pub(super) fn unset(text: &str, which: Which<'_>, key: &str) -> Result<String, String> {
    let found = place(text, which)?;
    let Some((_, name, value)) = found.as_ref().and_then(|place| place.key(key)) else {
        return Ok(text.to_owned());
    };
    let mut new = text.to_owned();
    new.replace_range(line_start(text, name.start)..line_end(text, value.end), "");
    Ok(new)
}

/// Adds a site at the end.
pub(super) fn add(text: &str, keys: &[(&str, String)]) -> String {
    let mut new = format!("{}\n[[site]]\n", ended(text));
    for (key, value) in keys {
        new.push_str(&format!("{key} = {value}\n"));
    }
    new
}

/// Takes a site out, with the comment that stands right above it and the comments among its keys.
///
/// # Errors
/// As [`set`].
pub(super) fn remove(text: &str, site: usize) -> Result<String, String> {
    let Some(place) = place(text, Which::Site(site))? else { return Err("there is no such site".into()) };
    let mut from = line_start(text, place.header.start);
    while from > 0 {
        let above = line_start(text, from - 1);
        if !text[above..from].trim_start().starts_with('#') {
            break;
        }
        from = above;
    }
    let mut to = line_end(text, place.last);
    // Comments right below its last key speak of it.
    while text[to..].starts_with('#') {
        to = line_end(text, to);
    }
    let (before, after) = (text[..from].trim_end_matches('\n'), text[to..].trim_start_matches('\n'));
    Ok(match (before.is_empty(), after.is_empty()) {
        (true, _) => after.to_owned(),
        (false, true) => format!("{before}\n"),
        (false, false) => format!("{before}\n\n{after}"),
    })
}

/// A list of strings of a site; none where the key is not there.
///
/// # Errors
/// As [`set`].
pub(super) fn list(text: &str, site: usize, key: &str) -> Result<Vec<String>, String> {
    let array = array(text, site, key)?;
    Ok(array.iter().flat_map(Array::iter).filter_map(Value::as_str).map(str::to_owned).collect())
}

fn array(text: &str, site: usize, key: &str) -> Result<Option<Array>, String> {
    let doc: DocumentMut = text.parse().map_err(|e: toml_edit::TomlError| e.to_string())?;
    let sites = doc.get("site").and_then(Item::as_array_of_tables);
    let item = sites.and_then(|sites| sites.get(site)).and_then(|site| site.get(key));
    Ok(item.and_then(Item::as_array).cloned())
}

/// Adds words to a list of a site and takes words out of it, the list's own comments and line breaks kept.
///
/// # Errors
/// As [`set`].
pub(super) fn change_list(
    text: &str,
    site: usize,
    key: &str,
    add: &[String],
    take: &[String],
) -> Result<String, String> {
    let mut array = array(text, site, key)?.unwrap_or_default();
    array.retain(|value| value.as_str().is_none_or(|word| !take.iter().any(|t| t == word)));
    for word in add {
        if array.iter().any(|value| value.as_str() == Some(word)) {
            continue;
        }
        let mut value = Value::from(word.as_str());
        // On a line of its own, where the others are; without the comment above the last one.
        let last = array.iter().last().and_then(|last| last.decor().prefix()).and_then(|p| p.as_str());
        let own_line = last.and_then(|prefix| prefix.rfind('\n').map(|at| prefix[at..].to_owned()));
        match own_line {
            Some(prefix) => value.decor_mut().set_prefix(prefix),
            None if array.is_empty() => value.decor_mut().set_prefix(""),
            None => value.decor_mut().set_prefix(" "),
        }
        array.push_formatted(value);
    }
    array.decor_mut().clear();
    set(text, Which::Site(site), key, &array.to_string())
}

/// A string as TOML writes it.
pub(in crate::cli) fn string(text: &str) -> String {
    let mut value = Value::from(text);
    value.decor_mut().clear();
    value.to_string()
}

/// A list of strings as TOML writes it: on one line, or one a line where that would be long.
pub(in crate::cli) fn strings(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| string(word)).collect();
    let line = format!("[{}]", words.join(", "));
    if line.len() <= 100 { line } else { format!("[\n    {},\n]", words.join(",\n    ")) }
}

fn ended(text: &str) -> String {
    let text = text.trim_end_matches('\n');
    if text.is_empty() { String::new() } else { format!("{text}\n") }
}

#[cfg(test)]
mod tests;
