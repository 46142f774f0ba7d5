//! One HTML file that plays motions: no network, no library, no server.
//!
//! The page shows the figure of [`super::figure`] upright on a ground grid with play, scrub, step, speed, loop, orbit
//! (drag), zoom (wheel, pinch), follow and trail, by mouse, touch or keyboard, light or dark as the reader's system
//! is. A Content-Security-Policy in the page forbids all connections. The part of the address after `#` sets the
//! first view: `#frame=40&paused&clip=2&yaw=30&pitch=15&zoom=1.2&speed=0.5&follow=0&trail=0&loop=0&theme=dark`.

use std::io::{self, Write};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use glam::Vec3;
use ndarray::ArrayView3;
use serde_json::{Value, json};

use super::camera::bounds;
use super::figure::{self, POINTS};
use crate::error::{Error, Result};
use crate::format::write_atomic;

const PAGE: &str = include_str!("viewer/page.html");
const STYLE: &str = include_str!("viewer/style.css");
const SCRIPTS: [&str; 4] = [
    include_str!("viewer/raster.js"),
    include_str!("viewer/mesh.js"),
    include_str!("viewer/scene.js"),
    include_str!("viewer/player.js"),
];

/// Maximum number of clips per page.
pub const MAX_CLIPS: usize = 64;
/// Maximum number of frames per page, over all clips: 48 MB of text.
pub const MAX_FRAMES: usize = 200_000;

/// A motion to show.
#[derive(Debug, Clone, Copy)]
pub struct Clip<'a> {
    /// Joint positions, `(T, 22, 3)` with `T >= 1`, metres, z up.
    pub joints: ArrayView3<'a, f32>,
    /// Frames per second.
    pub fps: f32,
    /// Caption, such as the prompt. Any text: it is escaped.
    pub title: &'a str,
    /// Values shown below the caption.
    pub metrics: &'a [(&'a str, f32)],
}

/// A page that plays `clips`, side by side or one at a time.
///
/// Joints are stored as 16-bit integers over the clip's own extent: within 0.1 mm for a clip of 5 m.
///
/// # Errors
/// [`Error::Shape`] and [`Error::NonFinite`] naming the array, [`Error::InvalidArgument`] for no clips, too many clips or
/// frames, an `fps` outside 0.1 to 1000 and coordinates beyond 100 km.
pub fn html(clips: &[Clip<'_>]) -> Result<String> {
    Ok(prepared(clips)?.to_text())
}

fn prepared(clips: &[Clip<'_>]) -> Result<Page> {
    check_size(clips.iter().map(|clip| clip.joints.shape()[0]))?;
    Ok(Page::new(clips[0].title, clips.iter().map(clip_json).collect::<Result<_>>()?, Value::Null))
}

/// Checks the number of clips and of frames.
pub(super) fn check_size(lengths: impl ExactSizeIterator<Item = usize>) -> Result<()> {
    let count = lengths.len();
    if count == 0 || count > MAX_CLIPS {
        return Err(Error::invalid("clips", format!("{count} clips, a page holds 1 to {MAX_CLIPS}")));
    }
    let frames: usize = lengths.sum();
    if frames > MAX_FRAMES {
        return Err(Error::invalid("clips", format!("{frames} frames, a page holds at most {MAX_FRAMES}")));
    }
    Ok(())
}

/// A page that is ready to be written.
pub(super) struct Page {
    title: String,
    data: Value,
}

impl Page {
    /// The page of these clips; `mesh` is the surface of the clips that have a `pose`.
    pub(super) fn new(title: &str, clips: Vec<Value>, mesh: Value) -> Self {
        let parts: Vec<_> =
            figure::PARTS.iter().map(|p| json!([p.from, p.to, p.from_radius, p.to_radius, p.side as u8])).collect();
        let data = json!({ "points": POINTS, "parts": parts, "clips": clips, "mesh": mesh });
        Self { title: title.into(), data }
    }

    /// Writes the page with its `{{slots}}` filled. The data goes straight to `w`: it is most of the page.
    pub(super) fn write(&self, w: &mut impl Write) -> io::Result<()> {
        let mut pieces = PAGE.split("{{");
        w.write_all(pieces.next().unwrap_or_default().as_bytes())?;
        for piece in pieces {
            let (slot, rest) = piece.split_once("}}").unwrap_or((piece, ""));
            match slot {
                "title" => w.write_all(escape_html(&self.title).as_bytes())?,
                "style" => w.write_all(STYLE.as_bytes())?,
                "data" => serde_json::to_writer(InScript(w), &self.data)?,
                "script" => SCRIPTS.iter().try_for_each(|script| w.write_all(script.as_bytes()))?,
                // The page is compiled in and a test fills it: an unknown slot stays visible there.
                other => write!(w, "{{{{{other}}}}}")?,
            }
            w.write_all(rest.as_bytes())?;
        }
        Ok(())
    }

    pub(super) fn to_text(&self) -> String {
        let mut bytes = Vec::new();
        // Writing to memory does not fail, and all parts are texts.
        let _ = self.write(&mut bytes);
        String::from_utf8(bytes).unwrap_or_default()
    }
}

/// Writes [`html`] to a file.
///
/// # Errors
/// Those of [`html`], [`Error::NotFound`] if the folder does not exist, [`Error::Io`].
pub fn save(path: impl AsRef<Path>, clips: &[Clip<'_>]) -> Result<()> {
    let page = prepared(clips)?;
    write_atomic(path, |w| page.write(w))
}

/// JSON for a script element: no text in it can end the element or start a comment.
struct InScript<'a, W>(&'a mut W);

impl<W: Write> Write for InScript<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while let Some(place) = rest.iter().position(|byte| matches!(byte, b'<' | b'>' | b'&')) {
            self.0.write_all(&rest[..place])?;
            write!(self.0, "\\u{:04x}", rest[place])?;
            rest = &rest[place + 1..];
        }
        self.0.write_all(rest)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

pub(super) fn clip_json(clip: &Clip<'_>) -> Result<Value> {
    let frames = super::checked_frames(clip.joints, clip.fps)?;
    let scale = frames.iter().map(figure::scale).sum::<f32>() / frames.len() as f32;
    let points: Vec<Vec3> = frames.iter().flat_map(|frame| figure::points(frame, scale)).collect();
    let (low, high) = bounds(points.iter().copied());
    let (centre, step) = grid(low, high);
    let bytes: Vec<u8> = points.iter().flat_map(|p| quantised(*p, centre, step)).collect();
    Ok(json!({
        "title": clip.title,
        "fps": clip.fps,
        "frames": frames.len(),
        "scale": scale,
        "floor": crate::motion::floor_of(low.z, scale),
        "centre": centre.to_array(),
        "step": step,
        "metrics": clip.metrics.iter().map(|(name, value)| json!([name, value])).collect::<Vec<_>>(),
        "data": BASE64.encode(&bytes),
    }))
}

/// Centre and step of the 16-bit quantisation of the box between two corners.
pub(super) fn grid(low: Vec3, high: Vec3) -> (Vec3, f32) {
    ((low + high) * 0.5, ((high - low).max_element() * 0.5 / f32::from(i16::MAX)).max(1e-6))
}

/// A point as three 16-bit integers.
pub(super) fn quantised(point: Vec3, centre: Vec3, step: f32) -> impl Iterator<Item = u8> {
    ((point - centre) / step).to_array().into_iter().flat_map(|v| (v.round() as i16).to_le_bytes())
}

/// Text for HTML, also within quotes.
pub(crate) fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Control characters are not allowed in HTML or XML text.
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;
    use crate::motion::layout::JOINTS;

    fn sway(frames: usize) -> Array3<f32> {
        Array3::from_shape_fn((frames, JOINTS, 3), |(t, j, c)| (0.1 * t as f32 + j as f32 + 2.0 * c as f32).sin())
    }

    fn page(title: &str, joints: &Array3<f32>) -> Result<String> {
        html(&[Clip { joints: joints.view(), fps: 20.0, title, metrics: &[("Jitter_Degree", 0.01)] }])
    }

    #[test]
    fn the_page_is_small_complete_and_needs_no_network() {
        let joints = sway(1);
        let page = page("a person walks", &joints).unwrap();
        assert!(page.len() < 60_000, "{} bytes", page.len());
        assert!(!page.contains("{{") && !page.contains("}}"), "an unfilled slot");
        for word in ["http:", "https:", "src=", "@import", "url(", "fetch(", "XMLHttpRequest"] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(page.contains("Content-Security-Policy") && page.contains("a person walks"));
    }

    #[test]
    fn a_hostile_title_stays_text() {
        let joints = sway(3);
        let title = "</script><script>alert(1)</script><!-- {{data}} \u{2028} \" ' & \u{0}";
        let hostile = page(title, &joints).unwrap();
        let plain = page("x", &joints).unwrap();
        let count = |text: &str, tag: &str| text.to_lowercase().matches(tag).count();
        for tag in ["<script", "</script", "<!--", "<title", "</title"] {
            assert_eq!(count(&hostile, tag), count(&plain, tag), "{tag}");
        }
        let start = hostile.find("application/json").unwrap();
        let json = hostile[start..].split_once('>').unwrap().1.split_once("</script>").unwrap().0;
        let data: Value = serde_json::from_str(json).unwrap();
        assert_eq!(data["clips"][0]["title"], title);
    }

    #[test]
    fn stored_joints_are_within_a_step_of_the_given_ones() {
        let joints = sway(5);
        let clip = clip_json(&Clip { joints: joints.view(), fps: 20.0, title: "", metrics: &[] }).unwrap();
        let step = clip["step"].as_f64().unwrap();
        assert!(step < 1e-4, "{step}");
        assert_eq!(clip["data"].as_str().unwrap().len(), (5 * POINTS * 6usize).div_ceil(3) * 4);
    }

    #[test]
    fn bad_clips_are_errors() {
        let good = sway(2);
        assert!(html(&[]).is_err());
        let clip = Clip { joints: good.view(), fps: 20.0, title: "", metrics: &[] };
        assert!(html(&vec![clip; MAX_CLIPS + 1]).is_err());
        for fps in [0.0, -20.0, f32::NAN, f32::INFINITY] {
            assert!(html(&[Clip { fps, ..clip }]).is_err(), "{fps}");
        }
        assert!(matches!(page("", &Array3::zeros((0, 22, 3))), Err(Error::Shape { .. })));
        assert!(matches!(page("", &Array3::zeros((4, 24, 3))), Err(Error::Shape { .. })));
        let mut bad = good.clone();
        bad[[1, 4, 2]] = f32::NAN;
        assert!(matches!(page("", &bad), Err(Error::NonFinite { .. })));
        bad[[1, 4, 2]] = 1e9;
        assert!(page("", &bad).is_err());
        assert!(page("", &Array3::zeros((2, 22, 3))).is_ok(), "a body of one point is no reason to fail");
    }
}
