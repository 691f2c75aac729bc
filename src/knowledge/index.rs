//! BM25 over passages, with the heading counted twice, and a second look at the best.
//!
//! The raw score ranks. The normalised score (top ÷ Σ over distinct query terms of idf·(k1+1), unseen terms at the highest
//! idf) says whether the docs are about the question at all; the margin of the first over the second says whether it is
//! this section. No single score says that the docs answer it.

use std::collections::HashMap;

use super::passage::Passage;
use super::terms;

/// Term saturation.
const K1: f32 = 1.2;
/// Length normalisation. Less than usual: sections of help pages differ in length for no reason of relevance.
const B: f32 = 0.5;
/// How often the section's own heading is counted; those above it and the page's title count once.
const OWN_HEADING: f32 = 2.0;
/// Weight of the terms of the previous visitor turn beside those of the question.
const PREVIOUS: f32 = 0.5;
/// How many of the best by BM25 are looked at again with the three figures below.
const LOOKED_AT_AGAIN: usize = 50;
/// Bonus for a heading that the question names, by the share of the heading named.
const HEADING_NAMED: f32 = 0.6;
/// Bonus for two neighbouring words of the question that are neighbours in the section.
const NEIGHBOURS: f32 = 0.3;
/// Share of the score that depends on how much of the question the section covers.
const COVERED: f32 = 0.3;

/// What is asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<'a> {
    /// The visitor's newest message.
    pub text: &'a str,
    /// The visitor's message before it, for follow-up questions.
    pub previous: Option<&'a str>,
    /// Most hits to return; 0 takes 5.
    pub limit: usize,
}

/// A passage that was found.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'a> {
    /// The passage.
    pub passage: &'a Passage,
    /// BM25 score; comparable within one query only.
    pub score: f32,
}

/// What was found, best first.
#[derive(Debug, Clone, Default)]
pub struct Hits<'a> {
    /// The passages.
    pub hits: Vec<Hit<'a>>,
    /// Normalised score of the first, 0 to 1.
    pub norm: f32,
    /// Lead of the first over the second as a share of the first, 0 to 1; 1 if there is no second.
    pub margin: f32,
    /// Share of the question's own terms, weighed by idf, that the first contains, 0 to 1.
    pub coverage: f32,
}

/// Passages and their postings. Read-only; share it in an `Arc`.
#[derive(Debug, Default)]
pub struct Index {
    passages: Vec<Passage>,
    /// Number of each term.
    terms: HashMap<String, u32>,
    /// By term number: (passage, weight of the term there, already saturated), in the order of the passages.
    postings: Vec<Vec<(u32, f32)>>,
    /// By passage: the telling terms of its own heading, and of heading and text in order.
    own_heading: Vec<Vec<u32>>,
    in_order: Vec<Vec<u32>>,
}

/// A term of a query: its number if the index knows it, its idf, its weight.
struct Asked {
    term: Option<u32>,
    idf: f32,
    weight: f32,
}

impl Index {
    /// Builds the index.
    pub fn new(passages: Vec<Passage>) -> Index {
        let mut index = Index::default();
        let mut lengths: Vec<f32> = Vec::with_capacity(passages.len());
        for (id, passage) in (0_u32..).zip(&passages) {
            lengths.push(index.add(id, passage));
        }
        let average = (lengths.iter().sum::<f32>() / lengths.len().max(1) as f32).max(1.0);
        for (id, n) in index.postings.iter_mut().flatten() {
            let long = lengths.get(*id as usize).copied().unwrap_or(average) / average;
            *n = *n * (K1 + 1.0) / (*n + K1 * (1.0 - B + B * long));
        }
        index.passages = passages;
        index
    }

    /// Counts the terms of one passage and returns its weighted length.
    fn add(&mut self, id: u32, passage: &Passage) -> f32 {
        let mut counts: HashMap<u32, f32> = HashMap::new();
        let mut length = 0.0;
        let own = passage.headings.last().unwrap_or(&passage.title);
        let above = passage.headings.iter().rev().skip(1);
        let title = (!passage.headings.is_empty()).then_some(&passage.title);
        let mut heading = Vec::new();
        let mut in_order = Vec::new();
        let parts = [(own, OWN_HEADING), (&passage.text, 1.0)].into_iter();
        for (i, (text, times)) in parts.chain(above.chain(title).map(|h| (h, 1.0))).enumerate() {
            for (term, telling) in terms::terms(text) {
                let next = u32::try_from(self.terms.len()).unwrap_or(u32::MAX);
                let number = *self.terms.entry(term).or_insert(next);
                *counts.entry(number).or_default() += times;
                length += times;
                if telling && i == 0 && !heading.contains(&number) {
                    heading.push(number);
                }
                if telling && i < 2 {
                    in_order.push(number);
                }
            }
        }
        self.postings.resize_with(self.terms.len(), Vec::new);
        for (number, n) in counts {
            if let Some(list) = self.postings.get_mut(number as usize) {
                list.push((id, n));
            }
        }
        self.own_heading.push(heading);
        self.in_order.push(in_order);
        length
    }

    /// The passages in the order given.
    pub fn passages(&self) -> &[Passage] {
        &self.passages
    }

    /// Finds the passages nearest to the question.
    pub fn search(&self, query: Query<'_>) -> Hits<'_> {
        let own = terms::question_terms(query.text);
        let previous = query.previous.map(terms::question_terms).unwrap_or_default();
        let mut asked: Vec<Asked> = own.iter().map(|t| self.asked(t, 1.0)).collect();
        asked.extend(previous.iter().filter(|t| !own.contains(t)).map(|t| self.asked(t, PREVIOUS)));
        let mut scores: HashMap<u32, f32> = HashMap::new();
        for a in &asked {
            for (id, saturated) in a.term.map(|t| self.postings[t as usize].as_slice()).unwrap_or_default() {
                *scores.entry(*id).or_default() += a.weight * a.idf * saturated;
            }
        }
        let ceiling: f32 = asked.iter().map(|a| a.weight * a.idf * (K1 + 1.0)).sum();
        let mut ranked: Vec<(u32, f32)> = scores.iter().map(|(id, score)| (*id, *score)).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranked.truncate(LOOKED_AT_AGAIN.max(query.limit));
        let own = &asked[..own.len()];
        for (id, score) in &mut ranked {
            *score = self.look_again(&asked, *id, *score);
        }
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let limit = if query.limit == 0 { 5 } else { query.limit };
        let Some(&(best, top)) = ranked.first() else { return Hits::default() };
        let second = ranked.get(1).map_or(0.0, |s| s.1);
        let plain = scores.get(&best).copied().unwrap_or(0.0);
        Hits {
            norm: if ceiling > 0.0 { plain / ceiling } else { 0.0 },
            margin: if top > 0.0 { (top - second) / top } else { 0.0 },
            coverage: self.coverage(own, best),
            hits: ranked
                .iter()
                .take(limit)
                .filter_map(|(id, score)| {
                    Some(Hit { passage: self.passages.get(*id as usize)?, score: *score })
                })
                .collect(),
        }
    }

    fn asked(&self, term: &str, weight: f32) -> Asked {
        let number = self.terms.get(term).copied();
        let holding = number.map_or(1, |n| self.postings[n as usize].len());
        Asked { term: number, idf: idf(self.passages.len(), holding), weight }
    }

    /// The BM25 score with what bags of words cannot see: whether the heading is what was asked for, whether words asked
    /// together stand together, and how much of the question is there at all.
    fn look_again(&self, asked: &[Asked], id: u32, score: f32) -> f32 {
        let (heading, words) = (&self.own_heading[id as usize], &self.in_order[id as usize]);
        let idf_of = |term: &u32| idf(self.passages.len(), self.postings[*term as usize].len());
        let named: f32 = asked
            .iter()
            .filter(|a| a.term.is_some_and(|t| heading.contains(&t)))
            .map(|a| a.weight * a.idf)
            .sum();
        let whole: f32 = heading.iter().map(idf_of).sum();
        let neighbours: f32 = asked
            .windows(2)
            .filter_map(|pair| {
                Some((
                    [pair[0].term?, pair[1].term?],
                    pair[0].weight * pair[0].idf + pair[1].weight * pair[1].idf,
                ))
            })
            .filter(|(pair, _)| words.windows(2).any(|w| w == pair))
            .map(|(_, idf)| idf)
            .sum();
        let share = if whole > 0.0 { named / whole } else { 0.0 };
        let raised = score + HEADING_NAMED * share * named + NEIGHBOURS * neighbours;
        raised * (1.0 - COVERED + COVERED * self.coverage(asked, id))
    }

    fn coverage(&self, asked: &[Asked], id: u32) -> f32 {
        let all: f32 = asked.iter().map(|a| a.weight * a.idf).sum();
        let has = |a: &&Asked| {
            a.term.is_some_and(|t| self.postings[t as usize].binary_search_by_key(&id, |(p, _)| *p).is_ok())
        };
        let seen: f32 = asked.iter().filter(has).map(|a| a.weight * a.idf).sum();
        // Nothing seen sums up to minus zero.
        if all > 0.0 { seen / all + 0.0 } else { 0.0 }
    }
}

fn idf(passages: usize, holding: usize) -> f32 {
    let (n, df) = (passages as f32, holding as f32);
    (1.0 + (n - df + 0.5) / (df + 0.5)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::load_embedded;

    fn index() -> Index {
        let (passages, _) = load_embedded(&[
            (
                "refunds.md",
                b"# Refunds\nMoney comes back within five days.\n## Partial refunds\nOnly some of it.",
            ),
            (
                "login.md",
                b"# Log in\nReset your password from the log-in page.\n# Keys\nAPI keys are under Settings.",
            ),
        ]);
        Index::new(passages)
    }

    #[test]
    fn the_right_section_comes_first() {
        let index = index();
        let hits = index.search(Query { text: "how do I reset my password?", ..Query::default() });
        assert_eq!(hits.hits[0].passage.id, "login.md#0");
        assert!(hits.norm > 0.3 && hits.coverage > 0.9 && hits.margin > 0.5, "{hits:?}");
        let off = index.search(Query { text: "weather in Oslo", ..Query::default() });
        assert!(off.hits.is_empty() && off.norm == 0.0);
    }

    #[test]
    fn the_previous_turn_helps_a_follow_up() {
        let index = index();
        let query = Query { text: "and only partial ones?", previous: Some("are there refunds"), limit: 1 };
        assert_eq!(index.search(query).hits[0].passage.id, "refunds.md#1");
    }

    #[test]
    fn an_empty_index_and_an_empty_question_find_nothing() {
        assert!(Index::new(Vec::new()).search(Query { text: "x", ..Query::default() }).hits.is_empty());
        assert!(index().search(Query::default()).hits.is_empty());
    }
}
