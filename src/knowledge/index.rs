//! BM25 over passages, with the heading counted twice.
//!
//! The raw score ranks. The normalised score (top ÷ Σ over distinct query terms of idf·(k1+1), unseen terms at the highest
//! idf) says whether the docs are about the question at all; the margin of the first over the second says whether it is
//! this section. No single score says that the docs answer it.

use std::collections::HashMap;

use super::passage::Passage;
use super::terms;

/// Term saturation.
const K1: f32 = 1.2;
/// Length normalisation.
const B: f32 = 0.75;
/// How often the section's own heading is counted, and how often those above it.
const HEADING_TWICE: usize = 2;
/// Weight of the terms of the previous visitor turn beside those of the question.
const PREVIOUS: f32 = 0.5;

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
    /// Term to (passage, weight of the term there already saturated).
    postings: HashMap<String, Vec<(u32, f32)>>,
    /// The idf of a term in one passage only.
    highest_idf: f32,
}

impl Index {
    /// Builds the index.
    pub fn new(passages: Vec<Passage>) -> Index {
        let mut counts: HashMap<String, Vec<(u32, f32)>> = HashMap::new();
        let mut lengths: Vec<f32> = Vec::with_capacity(passages.len());
        for (id, passage) in (0_u32..).zip(&passages) {
            let mut tf: HashMap<String, f32> = HashMap::new();
            let mut length = 0.0;
            let own = passage.headings.last().unwrap_or(&passage.title);
            let mut add = |text: &str, times: usize| {
                for term in terms::terms(text) {
                    *tf.entry(term).or_default() += times as f32;
                    length += times as f32;
                }
            };
            add(own, HEADING_TWICE);
            if !passage.headings.is_empty() {
                add(&passage.title, 1);
                for heading in passage.headings.iter().rev().skip(1) {
                    add(heading, 1);
                }
            }
            add(&passage.text, 1);
            lengths.push(length);
            for (term, n) in tf {
                counts.entry(term).or_default().push((id, n));
            }
        }
        let average = (lengths.iter().sum::<f32>() / lengths.len().max(1) as f32).max(1.0);
        for list in counts.values_mut() {
            for (id, n) in list.iter_mut() {
                let long = lengths.get(*id as usize).copied().unwrap_or(average) / average;
                *n = *n * (K1 + 1.0) / (*n + K1 * (1.0 - B + B * long));
            }
        }
        let highest_idf = idf(passages.len(), 1);
        Index { passages, postings: counts, highest_idf }
    }

    /// The passages in the order given.
    pub fn passages(&self) -> &[Passage] {
        &self.passages
    }

    /// Finds the passages nearest to the question.
    pub fn search(&self, query: Query<'_>) -> Hits<'_> {
        let own = terms::question_terms(query.text);
        let mut weighted: Vec<(String, f32)> = own.iter().map(|t| (t.clone(), 1.0)).collect();
        for term in query.previous.map(terms::question_terms).unwrap_or_default() {
            if !own.contains(&term) {
                weighted.push((term, PREVIOUS));
            }
        }
        let mut scores: HashMap<u32, f32> = HashMap::new();
        let mut ceiling = 0.0;
        for (term, weight) in &weighted {
            let list = self.postings.get(term);
            let idf = list.map_or(self.highest_idf, |l| idf(self.passages.len(), l.len()));
            ceiling += weight * idf * (K1 + 1.0);
            for (id, saturated) in list.into_iter().flatten() {
                *scores.entry(*id).or_default() += weight * idf * saturated;
            }
        }
        let mut ranked: Vec<(u32, f32)> = scores.into_iter().collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let limit = if query.limit == 0 { 5 } else { query.limit };
        let Some(&(best, top)) = ranked.first() else { return Hits::default() };
        let second = ranked.get(1).map_or(0.0, |s| s.1);
        Hits {
            norm: if ceiling > 0.0 { top / ceiling } else { 0.0 },
            margin: if top > 0.0 { (top - second) / top } else { 0.0 },
            coverage: self.coverage(&own, best),
            hits: ranked
                .iter()
                .take(limit)
                .filter_map(|(id, score)| {
                    Some(Hit { passage: self.passages.get(*id as usize)?, score: *score })
                })
                .collect(),
        }
    }

    fn coverage(&self, own: &[String], best: u32) -> f32 {
        let (mut seen, mut all) = (0.0, 0.0);
        for term in own {
            let list = self.postings.get(term);
            let idf = list.map_or(self.highest_idf, |l| idf(self.passages.len(), l.len()));
            all += idf;
            if list.is_some_and(|l| l.binary_search_by_key(&best, |(id, _)| *id).is_ok()) {
                seen += idf;
            }
        }
        if all > 0.0 { seen / all } else { 0.0 }
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
