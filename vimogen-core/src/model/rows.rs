//! The order of a batch's rows in the network, and their lengths.

use super::dit::Conditions;

/// What is known of a batch's rows on the host: those that attend to their text come first.
pub(crate) struct Rows {
    /// Position in the batch of each ordered row.
    pub order: Vec<usize>,
    pub text_rows: usize,
    /// Valid frames of each row.
    pub frame_lengths: Vec<usize>,
    /// Valid reference frames of the rows that attend to a reference.
    pub reference_lengths: Vec<usize>,
}

impl Rows {
    pub(crate) fn of(conditions: &Conditions) -> Self {
        let text_first = |wanted: bool| {
            let rows = conditions.attend_to_text.iter().enumerate();
            rows.filter(move |(_, text)| **text == wanted).map(|(i, _)| i)
        };
        let order: Vec<usize> = text_first(true).chain(text_first(false)).collect();
        let text_rows = text_first(true).count();
        let pick = |lengths: &[usize], rows: &[usize]| rows.iter().map(|i| lengths[*i]).collect();
        Self {
            frame_lengths: pick(&conditions.frame_lengths, &order),
            reference_lengths: pick(&conditions.reference_lengths, &order[text_rows..]),
            text_rows,
            order,
        }
    }

    /// Rows that attend to their text, and those that attend to a reference.
    #[cfg(feature = "train")]
    pub(crate) fn groups(&self) -> (&[usize], &[usize]) {
        self.order.split_at(self.text_rows)
    }
}
