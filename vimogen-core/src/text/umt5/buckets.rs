//! Buckets of the distance between two tokens, for the bias of the attention.

/// Distance from which all distances share a bucket.
pub(super) const MAX_DISTANCE: usize = 128;

/// The bucket of a relative position (key index minus query index) among `buckets`.
///
/// Bidirectional: half of the buckets are for keys before the query and itself, half for keys after it; otherwise later
/// keys share bucket 0. The nearer half of the distances have a bucket each, the others share theirs on a logarithmic scale up
/// to `max_distance`. T5, arXiv 1910.10683; golden topic `umt5`, cases `buckets` and `buckets_unidirectional`.
///
/// ```
/// use vimogen_core::text::umt5::relative_position_bucket;
/// let bucket = |position| relative_position_bucket(position, true, 32, 128);
/// assert_eq!([-200, -1, 0, 1, 200].map(bucket), [15, 1, 0, 17, 31]);
/// ```
pub fn relative_position_bucket(position: i64, bidirectional: bool, buckets: usize, max_distance: usize) -> usize {
    let (buckets, offset, distance) = if bidirectional {
        (buckets / 2, if position > 0 { buckets / 2 } else { 0 }, position.unsigned_abs())
    } else {
        (buckets, 0, position.min(0).unsigned_abs())
    };
    let exact = buckets / 2;
    if distance < exact as u64 {
        return offset + distance as usize;
    }
    // In f32, as in the release, whose rounding decides the borders of the buckets.
    let scale = ((max_distance as f64 / exact.max(1) as f64).ln()) as f32;
    let beyond = ((distance as f32 / exact.max(1) as f32).ln() / scale * (buckets - exact) as f32) as usize;
    offset + (exact + beyond).min(buckets.saturating_sub(1))
}

/// The bias of each head's scores, `[heads, queries, keys]` with the last axis fastest.
///
/// # Shapes
/// - table: `[buckets, heads]`
pub(super) fn bias(table: &[f32], heads: usize, queries: usize, keys: usize) -> Vec<f32> {
    let buckets = table.len() / heads;
    // The bias hangs on key less query alone: one row per head holds them all.
    let span = queries + keys - 1;
    let of: Vec<usize> = (0..span)
        .map(|i| relative_position_bucket(i as i64 - (queries as i64 - 1), true, buckets, MAX_DISTANCE))
        .collect();
    let mut out = Vec::with_capacity(heads * queries * keys);
    for head in 0..heads {
        let row: Vec<f32> = of.iter().map(|bucket| table[bucket * heads + head]).collect();
        for query in 0..queries {
            out.extend_from_slice(&row[queries - 1 - query..][..keys]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_of_the_bias_is_that_of_its_bucket() {
        let (heads, queries, keys) = (3, 40, 33);
        let table: Vec<f32> = (0..32 * heads).map(|i| i as f32).collect();
        let all = bias(&table, heads, queries, keys);
        for (head, query, key) in [(0, 0, 0), (1, 0, 32), (2, 39, 0), (1, 20, 21), (2, 39, 32)] {
            let bucket = relative_position_bucket(key as i64 - query as i64, true, 32, MAX_DISTANCE);
            assert_eq!(all[(head * queries + query) * keys + key], table[bucket * heads + head]);
        }
    }
}
