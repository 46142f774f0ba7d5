//! A palette of 255 colours for all pictures of a clip.

use std::collections::HashMap;

use glam::Vec3;

use super::image::Image;

/// Levels per channel of the table of nearest colours.
const BITS: u32 = 6;

/// Palette colours, and a table from colours to the nearest palette index.
pub(super) struct Palette {
    colours: Vec<[u8; 3]>,
    /// Index by the upper bits of red, green, blue; [`Palette::CLEAR`] where not computed yet.
    nearest: Vec<u8>,
}

/// A colour of some pictures and its weight.
type Weighted = (Vec3, f32);

impl Palette {
    /// The index of transparency.
    pub const CLEAR: u8 = 255;

    /// The palette of one or more pictures, by splitting boxes of colours along the channel of largest variance.
    pub fn of(pictures: &[Image]) -> Self {
        let mut boxes = vec![histogram(pictures)];
        while boxes.len() < usize::from(Self::CLEAR) {
            let spreads = boxes.iter().map(|colours| spread(colours)).enumerate();
            let Some((widest, _)) = spreads.filter(|(_, s)| *s > 0.0).max_by(|a, b| a.1.total_cmp(&b.1)) else { break };
            let (low, high) = split(boxes.swap_remove(widest));
            boxes.extend([low, high]);
        }
        let colours = boxes.iter().map(|colours| mean(colours).to_array().map(|v| (v + 0.5) as u8)).collect();
        Self { colours, nearest: vec![Self::CLEAR; 1 << (3 * BITS)] }
    }

    /// Red, green and blue of 256 colours; unused entries and the transparent one are black.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.colours.as_flattened().to_vec();
        bytes.resize(3 * (usize::from(Self::CLEAR) + 1), 0);
        bytes
    }

    /// The index of the nearest colour.
    pub fn nearest(&mut self, colour: [u8; 3]) -> u8 {
        let cell = colour.iter().fold(0, |cell, c| cell << BITS | usize::from(*c >> (8 - BITS)));
        if self.nearest[cell] == Self::CLEAR {
            self.nearest[cell] = self.search(colour);
        }
        self.nearest[cell]
    }

    fn search(&self, colour: [u8; 3]) -> u8 {
        let away = |other: &[u8; 3]| -> i32 {
            (0..3).map(|c| (i32::from(colour[c]) - i32::from(other[c])).pow(2) * [2, 4, 1][c]).sum()
        };
        let best = (0..self.colours.len()).min_by_key(|i| away(&self.colours[*i]));
        best.unwrap_or_default() as u8
    }
}

/// Colours of all pixels, binned. Weights grow slowly with the count, so that rare colours keep a place.
fn histogram(pictures: &[Image]) -> Vec<Weighted> {
    let mut cells: HashMap<[u8; 3], (Vec3, f32)> = HashMap::new();
    for pixel in pictures.iter().flat_map(|picture| picture.pixels().chunks_exact(3)) {
        let colour = [pixel[0], pixel[1], pixel[2]];
        let cell = cells.entry(colour.map(|c| c >> 2)).or_insert((Vec3::ZERO, 0.0));
        cell.0 += Vec3::from_array(colour.map(f32::from));
        cell.1 += 1.0;
    }
    let mut colours: Vec<Weighted> = cells.into_values().map(|(sum, n)| (sum / n, n.powf(0.55))).collect();
    // The table is unordered; sorting gives the same clip the same palette.
    colours.sort_by(|a, b| a.0.to_array().partial_cmp(&b.0.to_array()).unwrap_or(std::cmp::Ordering::Equal));
    colours
}

fn mean(colours: &[Weighted]) -> Vec3 {
    let (sum, weight) = colours.iter().fold((Vec3::ZERO, 0.0), |(sum, weight), (c, w)| (sum + *c * *w, weight + w));
    sum / weight
}

/// Sums of squared distances to the mean, by channel.
fn spreads(colours: &[Weighted]) -> Vec3 {
    let middle = mean(colours);
    colours.iter().map(|(c, w)| (*c - middle) * (*c - middle) * *w).sum()
}

fn spread(colours: &[Weighted]) -> f32 {
    if colours.len() < 2 { 0.0 } else { spreads(colours).element_sum() }
}

/// Splits a box at the mean of the channel with the largest variance.
fn split(colours: Vec<Weighted>) -> (Vec<Weighted>, Vec<Weighted>) {
    let channel = spreads(&colours).max_position();
    let middle = mean(&colours)[channel];
    let parts: (Vec<Weighted>, Vec<Weighted>) = colours.iter().partition(|(c, _)| c[channel] <= middle);
    match parts {
        // Rounding may put the mean below all values: then any split will do.
        (low, high) if low.is_empty() || high.is_empty() => {
            let mut low = colours;
            let high = low.split_off(low.len() / 2);
            (low, high)
        }
        parts => parts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_colours_are_kept_and_many_are_near() {
        let few = Image::new(3, 1, vec![0, 0, 0, 250, 10, 20, 255, 255, 255]).unwrap();
        let mut palette = Palette::of(std::slice::from_ref(&few));
        for pixel in few.pixels().chunks_exact(3) {
            let index = palette.nearest([pixel[0], pixel[1], pixel[2]]);
            assert_eq!(palette.colours[usize::from(index)], pixel);
        }
        let many =
            Image::new(64, 64, (0..64 * 64).flat_map(|i| [(i % 64) as u8 * 4, (i / 64) as u8 * 4, 128]).collect())
                .unwrap();
        let mut palette = Palette::of(std::slice::from_ref(&many));
        assert_eq!(palette.colours.len(), 255);
        for pixel in many.pixels().chunks_exact(3) {
            let index = palette.nearest([pixel[0], pixel[1], pixel[2]]);
            let found = palette.colours[usize::from(index)];
            assert!((0..3).all(|c| found[c].abs_diff(pixel[c]) <= 20), "{pixel:?} {found:?}");
        }
    }
}
