//! Word vectors compared with hashed spelling: unseen verbs must be near verbs with the same meaning.
//!
//! `cargo test -p vimogen-core --test synonyms -- --nocapture` prints the figures of the model card.
#![cfg(feature = "model")]

use ndarray::{Array1, Axis};
use vimogen_core::text::{RowConfig, TextEncoder, WordEncoder};

/// `(family, verb)` pairs of `tools/synonyms.txt`: those a model has seen, and the unseen ones.
type Verbs = Vec<(String, String)>;

fn verbs() -> (Verbs, Verbs) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tools/synonyms.txt");
    let text = std::fs::read_to_string(path).expect("tools/synonyms.txt");
    let (mut seen, mut unseen) = (Vec::new(), Vec::new());
    for line in text.lines().filter(|l| !l.starts_with('#')) {
        let (family, words) = line.split_once(':').expect("a family");
        let (known, new) = words.split_once('|').expect("unseen verbs");
        seen.extend(known.split_whitespace().map(|w| (family.to_string(), w.to_string())));
        unseen.extend(new.split_whitespace().map(|w| (family.to_string(), w.to_string())));
    }
    (seen, unseen)
}

/// Mean row of `a person <verb>`, of unit length.
fn pooled(encoder: &dyn TextEncoder, verb: &str) -> Array1<f32> {
    let rows = encoder.encode(&format!("a person {verb}")).expect("a prompt with words");
    let mean = rows.mean_axis(Axis(0)).expect("at least one row");
    let norm = mean.dot(&mean).sqrt();
    mean / norm
}

/// How often the nearest seen verb belongs to the unseen verb's family, and the AUC of same-family pairs against others.
fn score(encoder: &dyn TextEncoder) -> (f64, f64) {
    let (seen, unseen) = verbs();
    let rows: Vec<_> = seen.iter().map(|(family, verb)| (family, pooled(encoder, verb))).collect();
    let (mut hits, mut same, mut other) = (0, Vec::new(), Vec::new());
    for (family, verb) in &unseen {
        let row = pooled(encoder, verb);
        let cosines: Vec<f32> = rows.iter().map(|(_, seen)| row.dot(seen)).collect();
        let best = (0..rows.len()).max_by(|a, b| cosines[*a].total_cmp(&cosines[*b])).expect("some seen verbs");
        hits += usize::from(rows[best].0 == family);
        for ((seen_family, _), cosine) in rows.iter().zip(cosines) {
            if *seen_family == family { same.push(cosine) } else { other.push(cosine) }
        }
    }
    let above: usize = same.iter().map(|s| other.iter().filter(|o| s > o).count()).sum();
    (hits as f64 / unseen.len() as f64, above as f64 / (same.len() * other.len()) as f64)
}

#[test]
fn word_vectors_place_unseen_verbs_better_than_spelling_does() {
    let (hash_hits, hash_auc) = score(&WordEncoder::new(RowConfig::default(), None).unwrap());
    let (word_hits, word_auc) = score(&WordEncoder::builtin().unwrap());
    let (seen, unseen) = verbs();
    println!("{} unseen verbs, {} seen ones", unseen.len(), seen.len());
    println!("hashing       nearest seen verb right {:5.1}%, AUC {hash_auc:.3}", 100.0 * hash_hits);
    println!("static words  nearest seen verb right {:5.1}%, AUC {word_auc:.3}", 100.0 * word_hits);
    assert!(hash_hits < 0.25, "the comparison would be void: spelling alone finds {hash_hits}");
    assert!(word_hits > 0.85 && word_auc > 0.95, "hits {word_hits}, AUC {word_auc}");
}
