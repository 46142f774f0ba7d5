//! Conditions and lengths of a batch of clips, on the host.

use ndarray::{Array2, ArrayView2, s};

use super::config::{DitConfig, MAX_POSITIONS, MAX_TEXT_ROWS};
use crate::error::{Error, Result, check_finite};

/// The source of a clip: a prompt or a reference motion.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Encoded prompt, `[rows, text_dim]`. Zero rows that pad it take part in the attention.
    Text(Array2<f32>),
    /// Motion to follow.
    Reference {
        /// Normalised channels, `[frames, 138]`.
        channels: Array2<f32>,
        /// Number of valid leading frames.
        length: usize,
    },
}

impl Condition {
    /// A reference whose frames are all valid, `[frames, 138]`.
    pub fn reference(channels: Array2<f32>) -> Self {
        Self::Reference { length: channels.nrows(), channels }
    }

    /// Whether the clip follows a prompt.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }
}

/// The caller's words for the parts of a batch, for error messages.
#[derive(Debug)]
pub struct ArgumentNames {
    /// Encoded prompts.
    pub text: &'static str,
    /// Lengths of the clips.
    pub frame_lengths: &'static str,
    /// References.
    pub reference: &'static str,
    /// Lengths of the references.
    pub reference_lengths: &'static str,
}

static NAMES: ArgumentNames = ArgumentNames {
    text: "text",
    frame_lengths: "frame_lengths",
    reference: "reference",
    reference_lengths: "reference length",
};

/// A batch of clips: the condition and the length of each.
///
/// ```
/// use ndarray::Array2;
/// use vimogen_core::model::{ClipBatch, Condition};
/// let text = Condition::Text(Array2::zeros((226, 4096)));
/// let reference = Condition::reference(Array2::zeros((80, 138)));
/// let clips = ClipBatch::new(vec![text, reference], vec![100, 80])?;
/// assert_eq!(clips.frame_lengths(), [100, 80]);
/// # Ok::<(), vimogen_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ClipBatch {
    names: &'static ArgumentNames,
    conditions: Vec<Condition>,
    null_context: Vec<Array2<f32>>,
    frame_lengths: Vec<usize>,
    rows: Rows,
}

/// The rows of a batch in the network's order: clips with a text come first.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    /// Position of each row in the batch.
    pub order: Vec<usize>,
    /// Number of leading rows that attend to a text.
    pub texts: usize,
    /// Frames of each row.
    pub frame_lengths: Vec<usize>,
    /// Reference frames of the rows after the texts.
    pub reference_lengths: Vec<usize>,
}

impl Rows {
    fn new(conditions: &[Condition], lengths: &[usize]) -> Self {
        let (mut order, references): (Vec<_>, Vec<_>) =
            (0..conditions.len()).partition(|row| conditions[*row].is_text());
        let texts = order.len();
        order.extend(references);
        let reference_length = |row: &usize| match &conditions[*row] {
            Condition::Text(_) => None,
            Condition::Reference { length, .. } => Some(*length),
        };
        Self {
            frame_lengths: order.iter().map(|row| lengths[*row]).collect(),
            reference_lengths: order.iter().filter_map(reference_length).collect(),
            texts,
            order,
        }
    }

    /// The position of each of the batch's clips among the rows.
    pub fn inverse(&self) -> Vec<usize> {
        let mut inverse = vec![0; self.order.len()];
        for (position, row) in self.order.iter().enumerate() {
            inverse[*row] = position;
        }
        inverse
    }
}

impl ClipBatch {
    /// A batch of clips of `frame_lengths` frames. All texts have one number of rows: their padding takes part in the
    /// attention, so it must not depend on the batch.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`], [`Error::Shape`] or [`Error::NonFinite`] naming the part that does not fit the others.
    pub fn new(conditions: Vec<Condition>, frame_lengths: Vec<usize>) -> Result<Self> {
        Self::named(&NAMES, conditions, frame_lengths)
    }

    /// [`ClipBatch::new`] with the caller's words in errors.
    pub(crate) fn named(
        names: &'static ArgumentNames,
        conditions: Vec<Condition>,
        frame_lengths: Vec<usize>,
    ) -> Result<Self> {
        let batch = conditions.len();
        if frame_lengths.len() != batch || batch == 0 {
            let reason = format!("{} lengths for {batch} clips; give one per clip", frame_lengths.len());
            return Err(Error::invalid(names.frame_lengths, reason));
        }
        if let Some(n) = frame_lengths.iter().find(|n| !(1..=MAX_POSITIONS).contains(*n)) {
            return Err(Error::invalid(
                names.frame_lengths,
                format!("a clip has {n} frames, expected 1 to {MAX_POSITIONS}"),
            ));
        }
        let mut text_rows = None;
        for (row, condition) in conditions.iter().enumerate() {
            match condition {
                Condition::Text(text) => check_text(names, row, text, text_rows.get_or_insert(text.nrows()))?,
                Condition::Reference { channels, length } => check_reference(names, row, channels, *length)?,
            }
        }
        Ok(Self::checked(names, conditions, frame_lengths))
    }

    fn checked(names: &'static ArgumentNames, conditions: Vec<Condition>, frame_lengths: Vec<usize>) -> Self {
        let rows = Rows::new(&conditions, &frame_lengths);
        Self { names, conditions, null_context: vec![], frame_lengths, rows }
    }

    /// Sets the encoded empty prompt for guidance, `[at most the texts' rows, text_dim]`: one for all clips, or one per clip.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`], [`Error::Shape`] or [`Error::NonFinite`] if it does not fit the texts.
    pub fn with_null_context(mut self, null_context: Vec<Array2<f32>>) -> Result<Self> {
        if ![1, self.len()].contains(&null_context.len()) {
            let reason = format!("{} for {} clips; give one, or one per clip", null_context.len(), self.len());
            return Err(Error::invalid("null_context", reason));
        }
        for null in &null_context {
            if let Some(text) = self.texts().next()
                && (null.nrows() > text.nrows() || null.ncols() != text.ncols())
            {
                let expected = format!("(at most {}, {})", text.nrows(), text.ncols());
                return Err(Error::shape("null_context", expected, null.shape()));
            }
            check_finite("null_context", &null.view())?;
        }
        self.null_context = null_context;
        Ok(self)
    }

    /// Number of clips.
    pub fn len(&self) -> usize {
        self.conditions.len()
    }

    /// Always false: a batch has at least one clip.
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// The condition of each clip.
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// Frames of each clip.
    pub fn frame_lengths(&self) -> &[usize] {
        &self.frame_lengths
    }

    /// The batch's rows in the network's order.
    pub(crate) fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The texts in the network's order.
    pub(crate) fn texts(&self) -> impl Iterator<Item = ArrayView2<'_, f32>> {
        self.rows.order.iter().filter_map(|row| match &self.conditions[*row] {
            Condition::Text(text) => Some(text.view()),
            Condition::Reference { .. } => None,
        })
    }

    /// The channels of the references in the network's order.
    pub(crate) fn references(&self) -> impl Iterator<Item = ArrayView2<'_, f32>> {
        self.rows.order.iter().filter_map(|row| match &self.conditions[*row] {
            Condition::Text(_) => None,
            Condition::Reference { channels, .. } => Some(channels.view()),
        })
    }

    /// The clips with the given indices.
    pub(crate) fn select(&self, clips: &[usize]) -> Self {
        let conditions = clips.iter().map(|clip| self.conditions[*clip].clone()).collect();
        Self::checked(self.names, conditions, clips.iter().map(|clip| self.frame_lengths[*clip]).collect())
    }

    /// The rows that the network sees under guidance: texts, the same clips with the empty prompt, references.
    pub(crate) fn with_unconditional(&self) -> Self {
        let (texts, references) = self.rows.order.split_at(self.rows.texts);
        let clips: Vec<usize> = [texts, texts, references].concat();
        let mut doubled = self.select(&clips);
        for (condition, clip) in doubled.conditions[texts.len()..].iter_mut().zip(texts) {
            let null = self.null_context.get(*clip).or(self.null_context.first());
            if let (Condition::Text(text), Some(null)) = (condition, null) {
                text.fill(0.0);
                text.slice_mut(s![..null.nrows(), ..]).assign(null);
            }
        }
        doubled
    }

    /// Checks that guidance has an empty prompt to compare the texts with.
    pub(crate) fn check_guided(&self) -> Result<()> {
        if self.rows.texts > 0 && self.null_context.is_empty() {
            return Err(Error::invalid(
                "null_context",
                "guidance needs the encoded empty prompt; set it, or guidance_scale 1",
            ));
        }
        Ok(())
    }

    /// Checks that the batch, padded to `frames`, fits a model.
    pub(crate) fn check(&self, config: &DitConfig, frames: usize) -> Result<()> {
        if let Some(n) = self.frame_lengths.iter().find(|n| **n > frames) {
            let reason = format!("a clip has {n} frames, expected 1 to {frames}");
            return Err(Error::invalid(self.names.frame_lengths, reason));
        }
        if let Some(text) = self.texts().find(|text| text.ncols() != config.text_dim) {
            return Err(Error::shape(self.names.text, format!("(L, {})", config.text_dim), text.shape()));
        }
        if self.rows.texts < self.len() && !config.reference {
            return Err(Error::invalid(self.names.reference, "this model is text-only: every clip must have a text"));
        }
        if let Some(n) = self.rows.reference_lengths.iter().find(|n| **n > frames) {
            let reason = format!("a reference has {n} frames, expected at most {frames}");
            return Err(Error::invalid(self.names.reference_lengths, reason));
        }
        let width = config.reference_features();
        match self.references().find(|channels| channels.ncols() != width) {
            Some(channels) => Err(Error::shape(self.names.reference, format!("(T, {width})"), channels.shape())),
            None => Ok(()),
        }
    }
}

fn check_text(names: &ArgumentNames, row: usize, text: &Array2<f32>, rows: &usize) -> Result<()> {
    if !(1..=MAX_TEXT_ROWS).contains(&text.nrows()) || text.nrows() != *rows {
        let expected = format!("{rows} rows as the first text, from 1 to {MAX_TEXT_ROWS}");
        return Err(Error::shape(format!("{}[{row}]", names.text), expected, text.shape()));
    }
    check_finite(&format!("{}[{row}]", names.text), &text.view())
}

fn check_reference(names: &ArgumentNames, row: usize, channels: &Array2<f32>, length: usize) -> Result<()> {
    if length > channels.nrows() {
        let reason = format!("clip {row} attends to {length} frames of a reference that has {}", channels.nrows());
        return Err(Error::invalid(names.reference_lengths, reason));
    }
    check_finite(&format!("{}[{row}]", names.reference), &channels.view())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(rows: usize) -> Condition {
        Condition::Text(Array2::ones((rows, 4)))
    }

    fn reference() -> Condition {
        Condition::reference(Array2::ones((5, 138)))
    }

    #[test]
    fn texts_come_first_in_the_network() {
        let clips = ClipBatch::new(vec![reference(), text(3), reference(), text(3)], vec![1, 2, 3, 4]).unwrap();
        assert_eq!((clips.rows.order.clone(), clips.rows.texts), (vec![1, 3, 0, 2], 2));
        assert_eq!((clips.rows.frame_lengths.clone(), clips.rows.inverse()), (vec![2, 4, 1, 3], vec![2, 0, 3, 1]));
        let doubled = clips.with_null_context(vec![Array2::from_elem((1, 4), 7.0)]).unwrap().with_unconditional();
        assert_eq!(doubled.frame_lengths, [2, 4, 2, 4, 1, 3]);
        assert_eq!(doubled.texts().map(|text| text.sum()).collect::<Vec<_>>(), [12.0, 12.0, 28.0, 28.0]);
        assert_eq!((doubled.rows.order, doubled.rows.texts), ((0..6).collect(), 4));
    }

    #[test]
    fn parts_that_do_not_fit_each_other_are_named() {
        let error = |conditions: Vec<Condition>, lengths: Vec<usize>| {
            ClipBatch::new(conditions, lengths).unwrap_err().to_string()
        };
        assert!(error(vec![], vec![]).contains("frame_lengths"));
        assert!(error(vec![text(3)], vec![5, 5]).contains("frame_lengths"));
        assert!(error(vec![text(3)], vec![0]).contains("frame_lengths"));
        assert!(error(vec![text(0)], vec![5]).contains("text[0]"));
        assert!(error(vec![text(3), text(4)], vec![5, 5]).contains("text[1]"));
        assert!(error(vec![Condition::Text(Array2::from_elem((2, 4), f32::NAN))], vec![5]).contains("text[0]"));
        let longer = Condition::Reference { channels: Array2::ones((5, 138)), length: 6 };
        assert!(error(vec![longer], vec![5]).contains("reference length"));
        let nan = Condition::reference(Array2::from_elem((5, 138), f32::NAN));
        assert!(error(vec![nan], vec![5]).contains("reference[0]"));
        let null = |rows: Vec<Array2<f32>>| {
            let clips = ClipBatch::new(vec![text(3); 3], vec![5; 3]).unwrap();
            clips.with_null_context(rows).unwrap_err().to_string()
        };
        assert!(null(vec![]).contains("null_context"));
        assert!(null(vec![Array2::ones((4, 4))]).contains("null_context"));
        assert!(null(vec![Array2::ones((2, 5))]).contains("null_context"));
    }
}
