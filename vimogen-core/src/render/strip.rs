//! A strip of poses over time as SVG, for documents: transparent, readable on light and dark pages.

use glam::{Vec2, Vec3};
use ndarray::ArrayView3;

use super::camera::axes;
use super::figure::{self, PARTS, POINTS, Part, Side};
use super::svg::Svg;
use crate::error::{Error, Result};

/// Maximum number of poses in a strip.
pub const MAX_POSES: usize = 48;
/// Width of a strip, pixels.
const WIDTH: f32 = 1200.0;
/// Height above the ground line, pixels.
const TALL: f32 = 250.0;
/// Height below the ground line for shadows and times, pixels.
const BELOW: f32 = 44.0;
/// Azimuth of the viewer, radians from the +y axis: a figure that faces +y looks right and slightly out of the page.
const YAW: f32 = 0.96;
/// Downward angle of the viewer, radians.
const PITCH: f32 = 0.12;

/// A point in the picture plane, metres to the right and up, and towards the viewer.
fn seen(p: Vec3) -> Vec3 {
    Vec3::from_array(axes(YAW, PITCH).map(|axis| p.dot(axis)))
}

/// One pose, translated to have its pelvis at x = y = 0.
struct Pose {
    points: [Vec3; POINTS],
    seconds: f32,
}

/// A strip of `poses` figures, evenly spaced in time from the first frame to the last, left to right on one ground line.
///
/// The body's left is blue, its right orange. Each pose is centred on its pelvis: the strip shows time, not distance.
///
/// # Shapes
/// - joints: `[frames, 22, 3]`, metres, z up
///
/// # Errors
/// [`Error::Shape`], [`Error::NonFinite`]; [`Error::InvalidArgument`] for an `fps` outside 0.1 to 1000 and for `poses`
/// outside 1 to 48.
pub fn strip_svg(joints: ArrayView3<'_, f32>, fps: f32, poses: usize) -> Result<String> {
    if poses == 0 || poses > MAX_POSES {
        return Err(Error::invalid("poses", format!("{poses} poses, a strip holds 1 to {MAX_POSES}")));
    }
    let frames = super::checked_frames(joints, fps)?;
    let scale = frames.iter().map(figure::scale).sum::<f32>() / frames.len() as f32;
    let low = frames.iter().flatten().map(|p| p.z).fold(f32::MAX, f32::min);
    let floor = crate::motion::floor_of(low, scale);
    let poses: Vec<Pose> = (0..poses).map(|i| pose(&frames, i, poses, fps, scale, floor)).collect();
    let column = WIDTH / poses.len() as f32;
    let pixels = pixels_per_metre(&poses, column, scale);
    let height = TALL + BELOW;
    let seconds = (frames.len() - 1) as f32 / fps;
    let label = format!("role=\"img\" aria-label=\"{} poses of a motion of {seconds:.1} seconds\"", poses.len());
    let mut svg = Svg::file(WIDTH.into(), height.into(), &label);
    svg.add(format_args!("{DEFINITIONS}"));
    svg.add(format_args!("<path d=\"M8 {TALL}H{}\" stroke=\"#8b95a5\" stroke-opacity=\".45\"/>", WIDTH - 8.0));
    for (i, pose) in poses.iter().enumerate() {
        let origin = Vec2::new((i as f32 + 0.5) * column, TALL);
        draw(&mut svg, pose, origin, pixels, scale);
    }
    Ok(svg.finish())
}

/// Gradients and text style.
const DEFINITIONS: &str = "<defs>\
    <linearGradient id=\"m\" x2=\"1\" y2=\".8\"><stop stop-color=\"#dbe1e9\"/><stop offset=\"1\" stop-color=\"#a3aebd\"/>\
    </linearGradient>\
    <linearGradient id=\"l\" x2=\"1\" y2=\".8\"><stop stop-color=\"#6aa8ff\"/><stop offset=\"1\" stop-color=\"#2765c8\"/>\
    </linearGradient>\
    <linearGradient id=\"r\" x2=\"1\" y2=\".8\"><stop stop-color=\"#ffb366\"/><stop offset=\"1\" stop-color=\"#d96c12\"/>\
    </linearGradient>\
    <radialGradient id=\"s\"><stop stop-opacity=\".42\"/><stop offset=\"1\" stop-opacity=\"0\"/></radialGradient></defs>\n\
    <style>text{font:13px system-ui,sans-serif;fill:#8b95a5}\
    .m,.l,.r{stroke-width:.7;stroke-opacity:.5}.m{fill:url(#m);stroke:#5d6878;stroke-opacity:.2}.l{fill:url(#l);stroke:#123a7c}\
    .r{fill:url(#r);stroke:#7c3a05}</style>";

fn pose(frames: &[figure::Joints], index: usize, count: usize, fps: f32, scale: f32, floor: f32) -> Pose {
    let last = (frames.len() - 1) as f32;
    let at = if count > 1 { last * index as f32 / (count - 1) as f32 } else { 0.0 };
    let frame = &frames[at.round() as usize];
    let origin = Vec3::new(frame[0].x, frame[0].y, floor);
    Pose { points: figure::points(frame, scale).map(|p| p - origin), seconds: at.round() / fps }
}

/// The scale at which the tallest pose fits the height and the widest its column, with a little overlap.
fn pixels_per_metre(poses: &[Pose], column: f32, scale: f32) -> f32 {
    let margin = Vec2::splat(0.11 * scale);
    let extent = poses
        .iter()
        .flat_map(|pose| pose.points)
        .fold(Vec2::splat(0.5 * scale), |extent, p| extent.max(seen(p).truncate().abs() + margin));
    ((TALL - 8.0) / extent.y).min(1.3 * column / (2.0 * extent.x))
}

fn draw(svg: &mut Svg, pose: &Pose, origin: Vec2, pixels: f32, scale: f32) {
    let spot = |p: Vec3| origin + seen(p).truncate() * Vec2::new(pixels, -pixels);
    let (x, y, r) = (origin.x, origin.y + 3.0, 0.34 * scale * pixels);
    let flat = 0.24 * r;
    svg.add(format_args!("<ellipse cx=\"{x:.1}\" cy=\"{y:.1}\" rx=\"{r:.1}\" ry=\"{flat:.1}\" fill=\"url(#s)\"/>"));
    let mut parts = PARTS;
    let depth = |p: &Part| seen(pose.points[p.from] + pose.points[p.to]).z;
    parts.sort_by(|a, b| depth(a).total_cmp(&depth(b)));
    for part in parts {
        let ends = [(part.from, part.from_radius), (part.to, part.to_radius)];
        let [a, b] = ends.map(|(point, radius)| (spot(pose.points[point]), radius * scale * pixels));
        let class = match part.side {
            Side::Middle => "m",
            Side::Left => "l",
            Side::Right => "r",
        };
        svg.add(format_args!("<path class=\"{class}\" d=\"{}\"/>", outline(a, b)));
    }
    svg.text((x.into(), (origin.y + 34.0).into()), "middle", "", &format!("{:.1} s", pose.seconds));
}

/// Path data of two discs (centre, radius) and the band between them.
fn outline((a, ra): (Vec2, f32), (b, rb): (Vec2, f32)) -> String {
    let length = (b - a).length();
    if length <= (ra - rb).abs() + 1e-3 {
        let (centre, r) = if ra > rb { (a, ra) } else { (b, rb) };
        return format!(
            "M{:.1} {:.1}a{r:.1} {r:.1} 0 1 0 {d:.1} 0a{r:.1} {r:.1} 0 1 0 -{d:.1} 0z",
            centre.x - r,
            centre.y,
            d = 2.0 * r
        );
    }
    let (heading, open) = ((b - a).to_angle(), ((ra - rb) / length).acos());
    let on = |centre: Vec2, r: f32, angle: f32| centre + r * Vec2::from_angle(angle);
    let [a1, b1] = [(a, ra), (b, rb)].map(|(c, r)| on(c, r, heading + open));
    let [a2, b2] = [(a, ra), (b, rb)].map(|(c, r)| on(c, r, heading - open));
    let more_than_half = u8::from(open > std::f32::consts::FRAC_PI_2);
    format!(
        "M{:.1} {:.1}L{:.1} {:.1}A{rb:.1} {rb:.1} 0 {more_than_half} 0 {:.1} {:.1}L{:.1} {:.1}A{ra:.1} {ra:.1} 0 {} 0 {:.1} {:.1}z",
        a1.x,
        a1.y,
        b1.x,
        b1.y,
        b2.x,
        b2.y,
        a2.x,
        a2.y,
        1 - more_than_half,
        a1.x,
        a1.y,
    )
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;

    #[test]
    fn a_strip_has_every_pose_and_time_and_no_bad_number() {
        let joints = Array3::from_shape_fn((21, 22, 3), |(t, j, c)| (0.1 * t as f32 + j as f32 + 2.0 * c as f32).sin());
        let svg = strip_svg(joints.view(), 20.0, 5).unwrap();
        assert_eq!(svg.matches("<path class").count(), 5 * PARTS.len());
        for time in ["0.0 s", "0.2 s", "0.5 s", "0.8 s", "1.0 s"] {
            assert!(svg.contains(&format!(">{time}<")), "{time}");
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        let point = strip_svg(Array3::zeros((1, 22, 3)).view(), 20.0, 3).unwrap();
        assert!(!point.contains("NaN") && !point.contains("inf"), "{point}");
    }

    #[test]
    fn no_poses_and_too_many_are_errors() {
        let joints = Array3::zeros((2, 22, 3));
        for poses in [0, MAX_POSES + 1, usize::MAX] {
            assert!(strip_svg(joints.view(), 20.0, poses).is_err(), "{poses}");
        }
    }
}
