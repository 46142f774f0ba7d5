//! Feature hashing of a word's spelling.

/// FNV-1a over bytes, 64 bits (offset basis `cbf29ce484222325`, prime `100000001b3`).
pub(super) fn fnv1a(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// FNV-1a with the finaliser of SplitMix64: short strings differ in the last FNV steps only, which leaves the upper bits poor.
fn mixed(bytes: impl IntoIterator<Item = u8>) -> u64 {
    let mut h = fnv1a(bytes);
    h = (h ^ (h >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    h = (h ^ (h >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    h ^ (h >> 31)
}

/// Buckets of the whole word: several, so that two words rarely share all of them.
const IDENTITY_FEATURES: usize = 6;

/// Writes the hashed spelling of `word`, of unit length, to `out`.
///
/// Half of the squared length (before buckets collide) belongs to the whole word, hashed six times with a leading index, half to
/// the 3- and 4-grams of `<word>`. A feature with hash `h` adds its share to bucket `h mod out.len()`, negated if the top bit of `h` is set.
pub(super) fn hash_word(word: &str, out: &mut [f32]) {
    out.fill(0.0);
    if out.is_empty() {
        return;
    }
    for salt in 0..IDENTITY_FEATURES {
        let text = [b'=', salt as u8].into_iter().chain(word.bytes());
        add(mixed(text), (0.5 / IDENTITY_FEATURES as f32).sqrt(), out);
    }
    let letters: Vec<char> = std::iter::once('<').chain(word.chars()).chain(std::iter::once('>')).collect();
    let grams: Vec<&[char]> = (3..=4).flat_map(|n| letters.windows(n)).collect();
    for gram in &grams {
        let text: String = gram.iter().collect();
        add(mixed(text.bytes()), (0.5 / grams.len() as f32).sqrt(), out);
    }
    let norm = out.iter().map(|v| v * v).sum::<f32>().sqrt();
    if norm > 0.0 {
        out.iter_mut().for_each(|v| *v /= norm);
    }
}

fn add(hash: u64, share: f32, out: &mut [f32]) {
    let bucket = (hash % out.len() as u64) as usize;
    out[bucket] += if hash >> 63 == 0 { share } else { -share };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(a: &str, b: &str) -> f32 {
        let (mut x, mut y) = ([0.0; 64], [0.0; 64]);
        hash_word(a, &mut x);
        hash_word(b, &mut y);
        x.iter().zip(&y).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn fnv_matches_its_published_values() {
        assert_eq!(fnv1a([]), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(*b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(*b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn spellings_that_share_letters_are_close_and_others_are_not() {
        let related = [
            ("walks", "walking"),
            ("jumps", "jumping"),
            ("kicks", "kicked"),
            ("turns", "turning"),
            ("raise", "raises"),
        ];
        let others =
            [("walks", "jumping"), ("left", "right"), ("kicks", "waved"), ("turns", "bowing"), ("hand", "foot")];
        let mean = |pairs: [(&str, &str); 5]| pairs.iter().map(|(a, b)| cosine(a, b)).sum::<f32>() / 5.0;
        assert!((cosine("walks", "walks") - 1.0).abs() < 1e-6);
        assert!(mean(related) > 0.15 && mean(related) < 0.6, "{}", mean(related));
        assert!(mean(others).abs() < 0.1, "{}", mean(others));
        assert!(others.iter().all(|(a, b)| cosine(a, b) < 0.5));
    }

    #[test]
    fn one_letter_and_empty_words_have_vectors_too() {
        assert!((cosine("a", "a") - 1.0).abs() < 1e-6);
        assert!(cosine("", "").is_finite());
    }
}
