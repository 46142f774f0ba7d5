//! Report of one or more runs as one HTML page: distributions of the values, and the best and worst motions in a player. The
//! page needs no network and no other file.

mod plot;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use ndarray::Array3;

use super::benchmark::results::{MotionResult, Results};
use super::dimension::Dimension;
use super::motion_files;
use crate::error::{Error, Result};
use crate::format::write_atomic;
use crate::motion::Motion;
use crate::motion::axes::swap_joints;
use crate::motion::layout::FPS;
use crate::render::html::{Clip, escape_html as escape, html as player};
use plot::{COLOURS, Row, histograms, shown};

const HEAD: &str = include_str!("head.html");
const STYLE: &str = include_str!("style.css");
/// Number of best, and of worst, motions shown per dimension.
const SHOWN: usize = 3;
/// Maximum length of a motion in the player, frames.
const MAX_FRAMES: usize = 1200;
/// Maximum number of runs on a page.
const MAX_RUNS: usize = 6;

/// A page that compares runs. The motions in the player are those of the first run, read from the measured files.
///
/// # Errors
/// [`Error::InvalidArgument`] unless there are 1 to 6 runs.
pub fn html(runs: &[&Results]) -> Result<String> {
    if !(1..=MAX_RUNS).contains(&runs.len()) {
        return Err(Error::invalid("runs", format!("{} runs, a page compares 1 to {MAX_RUNS}", runs.len())));
    }
    let names: Vec<String> = runs.iter().map(|run| escape(&run.name)).collect();
    let title = names.join(", ");
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>MBench: {title}</title>\n\
         {HEAD}<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <h1>MBench: {title}</h1>\n"
    );
    for (i, run) in runs.iter().enumerate() {
        let _ = writeln!(page, "<p>{}{}</p>", dot(i), about(run));
    }
    let dimensions = Dimension::ALL.into_iter().filter(|d| runs.iter().any(|run| run.dimensions.contains_key(d)));
    let dimensions: Vec<Dimension> = dimensions.collect();
    page += &summary(runs, &dimensions);
    dimensions.iter().for_each(|dimension| page += &section(runs, *dimension));
    page += "</body>\n</html>\n";
    Ok(page)
}

/// Writes [`html`] to a file.
///
/// # Errors
/// Those of [`html`], [`Error::NotFound`] if the folder does not exist, [`Error::Io`].
pub fn save(path: impl AsRef<Path>, runs: &[&Results]) -> Result<()> {
    let page = html(runs)?;
    write_atomic(path, |w| w.write_all(page.as_bytes()))
}

fn dot(run: usize) -> String {
    format!("<span class=\"dot\" style=\"background:{}\"></span>", COLOURS[run % COLOURS.len()])
}

/// Settings of a run that affect its values.
fn about(run: &Results) -> String {
    let settings = &run.settings;
    let mut text = format!(
        "<b>{}</b>: {}. Height of joint files is axis {} (the release measures along 2 also where y is up).",
        escape(&run.name),
        escape(&settings.folder),
        settings.up_axis
    );
    if let Some(judge) = &settings.judge {
        let _ = write!(text, " Judge: {}, candidates shuffled with seed {}.", escape(judge), settings.seed);
    }
    if let Some(bodies) = &settings.bodies {
        let poses: Vec<String> = settings.poses.iter().map(|(source, count)| format!("{count} {source}")).collect();
        let _ = write!(text, " Bodies: {}; poses: {}.", escape(bodies), escape(&poses.join(", ")));
    }
    if !run.missing.is_empty() {
        let _ = write!(text, " {} motions have no file.", run.missing.len());
    }
    if !run.failed.is_empty() {
        let _ = write!(text, " {} could not be measured.", run.failed.len());
    }
    for (dimension, why) in &run.skipped {
        let _ = write!(text, " {dimension} was skipped: {}.", escape(why));
    }
    text
}

fn summary(runs: &[&Results], dimensions: &[Dimension]) -> String {
    let mut out = "<div class=\"wide\"><table>\n<tr><th>dimension</th><th>better</th>".to_string();
    for (i, run) in runs.iter().enumerate() {
        let _ = write!(out, "<th>{}{}</th>", dot(i), escape(&run.name));
    }
    out += "</tr>\n";
    for dimension in dimensions {
        let better = if dimension.higher_is_better() { "higher" } else { "lower" };
        let _ = write!(out, "<tr><td><a href=\"#{dimension}\">{dimension}</a></td><td>{better}</td>");
        for run in runs {
            out += "<td class=\"number\">";
            if let Some(result) = run.dimensions.get(dimension) {
                let over = result.aggregate.over_motions;
                let _ = write!(out, "{}", shown(over.mean.into()));
                if let Some((low, high)) = result.interval() {
                    let _ = write!(out, " <small>[{}, {}]</small>", shown(low), shown(high));
                }
                let _ = write!(out, " <small>n = {}</small>", over.num_samples);
            }
            out += "</td>";
        }
        out += "</tr>\n";
    }
    out + "</table></div>\n<p>Means over motions; in brackets the 95 % confidence interval of the mean, by the bootstrap, \
           or Wilson's for the shares that a judge decides.</p>\n"
}

fn section(runs: &[&Results], dimension: Dimension) -> String {
    let better = if dimension.higher_is_better() { "Higher" } else { "Lower" };
    let mut out = format!("<section id=\"{dimension}\">\n<h2>{dimension}</h2>\n<p>{better} is better.</p>\n");
    let row = |run: &&Results| {
        let result = run.dimensions.get(&dimension);
        let motions = result.map(|result| result.per_motion.as_slice()).unwrap_or_default();
        Row {
            values: motions.iter().map(|motion| motion.value).collect(),
            mean: result.map_or(f64::NAN, |result| result.aggregate.over_motions.mean.into()),
            interval: result.and_then(|result| result.interval()),
        }
    };
    let rows: Vec<Row> = runs.iter().map(row).collect();
    out += &histograms(&rows);
    if let Some(result) = runs[0].dimensions.get(&dimension) {
        out += &extremes(dimension, &result.per_motion);
    }
    out + "\n</section>\n"
}

/// The best and the worst motions in a player.
fn extremes(dimension: Dimension, motions: &[MotionResult]) -> String {
    let mut order: Vec<&MotionResult> = motions.iter().filter(|motion| motion.value.is_finite()).collect();
    order.sort_by(|a, b| a.value.total_cmp(&b.value));
    if dimension.higher_is_better() {
        order.reverse();
    }
    let count = SHOWN.min(order.len().div_ceil(2));
    let worst = order.len() - SHOWN.min(order.len() - count);
    let picked = order[..count].iter().map(|m| ("best", m)).chain(order[worst..].iter().rev().map(|m| ("worst", m)));
    let shown: Vec<_> = picked
        .filter_map(|(which, motion)| {
            let joints = playable(Path::new(&motion.evaluation_file)).ok()?;
            Some((
                format!("{which}, motion {}: {}", motion.id, motion.prompt),
                joints,
                [(dimension.name(), motion.value)],
            ))
        })
        .collect();
    let clips: Vec<Clip<'_>> =
        shown.iter().map(|(title, joints, metrics)| Clip { joints: joints.view(), fps: FPS, title, metrics }).collect();
    match player(&clips) {
        Ok(page) => {
            let label = format!("best and worst motions in {dimension}");
            format!("<iframe loading=\"lazy\" title=\"{label}\" srcdoc=\"{}\"></iframe>", escape_quotes(&page))
        }
        Err(_) => "<p>The motions themselves are not where they were measured.</p>".into(),
    }
}

/// Joints of a measured file, z up; for a video, those of the `.npy` file next to it.
fn playable(path: &Path) -> Result<Array3<f32>> {
    let file =
        if path.extension().is_some_and(|ending| ending == "mp4") { path.with_extension("npy") } else { path.into() };
    let joints = match motion_files::joints(&file)? {
        Some(joints) => swap_joints(joints),
        None => Motion::load(&file)?.joints().to_owned(),
    };
    let frames = joints.shape()[0].min(MAX_FRAMES);
    Ok(joints.slice_move(ndarray::s![..frames, .., ..]))
}

/// A page as the value of the attribute `srcdoc`.
fn escape_quotes(page: &str) -> String {
    page.replace('&', "&amp;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::npy;
    use crate::mbench::benchmark::{EvaluateOptions, evaluate};
    use crate::mbench::info::InfoEntry;
    use crate::motion::layout::JOINTS;
    use crate::progress;

    fn results(folder: &Path, name: &str, prompt: &str, count: u64) -> Results {
        for id in 0..count {
            let joints = Array3::from_shape_fn((9, JOINTS, 3), |(t, j, c)| {
                ((t * (id as usize + 1)) as f32 * 0.1).sin() + j as f32 * 0.1 + c as f32
            });
            npy::save_f32(folder.join(format!("{id}.npy")), joints.view().into_dyn()).unwrap();
        }
        let entry = |dimension, id| InfoEntry {
            prompt: format!("{prompt} {id}"),
            dimension,
            id,
            auxiliary_info: vec![],
            category: String::new(),
            motion_duration: 100.0,
        };
        let dimensions = [Dimension::JitterDegree, Dimension::DynamicDegree];
        let info: Vec<InfoEntry> = dimensions.iter().flat_map(|d| (0..count).map(|id| entry(*d, id))).collect();
        let options = EvaluateOptions::default().with_output(folder.join("out"), name).with_info(&info);
        evaluate(folder, &options, &mut progress::ignore).unwrap()
    }

    #[test]
    fn the_page_shows_every_run_and_the_best_and_worst_motions_of_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (results(folder.path(), "one", "walk", 9), results(folder.path(), "two", "run", 9));
        let page = html(&[&one, &two]).unwrap();
        assert_eq!(page.matches("<iframe").count(), 2);
        assert_eq!(page.matches("<svg viewBox=\"0 0 720").count(), 2);
        assert_eq!(page.matches("worst, motion ").count(), 2 * 3);
        assert!(page.contains("best, motion 8: walk 8"));
        assert!(
            page.contains("worst, motion 0: walk 0") && !page.contains("run 0"),
            "dynamic degree grows with the id"
        );
        assert!(page.contains("Height of joint files is axis 2"));
        for word in ["http:", "https:", "src=", "@import", "url("] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(html(&[]).is_err() && html(&[&one; 7]).is_err());
    }

    #[test]
    fn one_motion_is_enough_and_hostile_names_stay_text() {
        let folder = tempfile::tempdir().unwrap();
        let mut one = results(folder.path(), "one", "\"><script>alert(1)</script>", 1);
        one.name = "<script>alert(2)</script>".into();
        let page = html(&[&one]).unwrap();
        assert!(!page.contains("<script>alert"), "an unescaped name");
        let before = page.split("<iframe").next().unwrap();
        assert!(!before.contains("<script"));
        std::fs::remove_file(folder.path().join("0.npy")).unwrap();
        assert!(html(&[&one]).unwrap().contains("not where they were measured"));
    }
}
