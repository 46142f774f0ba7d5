//! Motion without an end, block by block.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Deref;

use glam::Vec2;
use ndarray::Array2;

use super::{Pipeline, Prompt};
use crate::body::Track;
use crate::declare::{DEFAULT_SEED, defaults};
use crate::error::{Error, Result};
use crate::motion::smooth::{KERNEL_SIZE, SIGMA, smooth};
use crate::motion::{Motion, Pose, Skeleton};
use crate::progress;
use crate::sample::options::GenerateOptions;
use crate::sample::{Solver, noise};
use crate::windows::{Aim, Frame, Frames, REACHED, Window, period, plant, ramp, steer};

/// Frames before a window that it sees and that stay, seconds.
const CONTEXT: f32 = 0.5;
/// Time in which a window takes over from the one before, seconds.
const TAKEOVER: f32 = 0.5;
/// Window length if the model states no lengths, frames.
const WINDOW: usize = 60;
/// Maximum number of frames of a block.
const MAX_BLOCK: usize = 10_000;

defaults! {
    /// Settings of a stream.
    ///
    /// ```
    /// use vimogen_core::pipeline::StreamOptions;
    /// assert_eq!(StreamOptions::default().with_seed(1).block, 4);
    /// ```
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct StreamOptions {
        /// Seed of the noise: the same seed and the same wishes at the same frames give the same motion, in blocks of any size.
        seed, with_seed: u64 = DEFAULT_SEED;
        /// Frames of a block of the iterator.
        block, with_block: usize = 4;
        /// Steps from noise to motion of each window.
        num_inference_steps, with_num_inference_steps: usize = 6;
        /// Solver.
        solver, with_solver: Solver = Solver::Ab2;
    }
}

/// Motion without an end from [`Pipeline::stream`]: an iterator of blocks, each a [`Motion`] that goes on where the one
/// before ended.
///
/// Windows of the model's shortest clips are made as they are needed. Each sees half a second of the frames before it, and
/// takes over within half a second from the frames that were planned. A new prompt takes effect at the next frame; a new
/// heading or target bends the frames that are planned, without a new window.
pub struct Stream<P: Deref<Target = Pipeline>> {
    pipeline: P,
    options: StreamOptions,
    text: Array2<f32>,
    /// A new prompt waits for its window.
    changed: bool,
    aim: Option<Aim>,
    /// The skeleton of the first window, on which all frames are.
    skeleton: Skeleton,
    /// Frames that were given last.
    past: VecDeque<Frame>,
    /// Frames that follow; the first one is never changed, since the step to it was given already.
    plan: VecDeque<Frame>,
    /// Planned frames that are left when the next window is made.
    rest: usize,
    /// Number of the next frame.
    frame: usize,
}

impl<P: Deref<Target = Pipeline>> fmt::Debug for Stream<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("options", &self.options).field("frame", &self.frame).finish_non_exhaustive()
    }
}

impl Pipeline {
    /// Motion without an end that can be directed while it goes on.
    ///
    /// ```
    /// use vimogen_core::Pipeline;
    /// use vimogen_core::pipeline::StreamOptions;
    /// let pipeline = Pipeline::builtin()?;
    /// let mut stream = pipeline.stream("a person walks forward", StreamOptions::default())?;
    /// let block = stream.block(10)?;
    /// stream.set_prompt("a person waves the right hand")?;
    /// assert_eq!((block.len(), stream.block(5)?.len(), stream.frame()), (10, 5, 15));
    /// # Ok::<(), vimogen_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Pipeline::generate_with`].
    pub fn stream(&self, prompt: impl Into<Prompt>, options: StreamOptions) -> Result<Stream<&Self>> {
        Stream::new(self, prompt, options)
    }
}

impl<P: Deref<Target = Pipeline>> Stream<P> {
    /// [`Pipeline::stream`] of a pipeline that is held in another way, such as by an [`Arc`](std::sync::Arc).
    ///
    /// # Errors
    /// As [`Pipeline::generate_with`].
    pub fn new(pipeline: P, prompt: impl Into<Prompt>, options: StreamOptions) -> Result<Self> {
        check_block(options.block)?;
        let text = encoded(&pipeline, &prompt.into())?;
        let stream = Self {
            pipeline,
            options,
            text,
            changed: false,
            aim: None,
            skeleton: crate::body::NEUTRAL,
            past: VecDeque::new(),
            plan: VecDeque::new(),
            rest: 0,
            frame: 0,
        };
        stream.generation().check()?;
        Ok(stream)
    }

    /// The pipeline.
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// Number of the next frame, which is also the number of frames that were given.
    pub fn frame(&self) -> usize {
        self.frame
    }

    /// Sets what the person does from the next frame on.
    ///
    /// # Errors
    /// As [`Pipeline::encode`].
    pub fn set_prompt(&mut self, prompt: impl Into<Prompt>) -> Result<()> {
        self.text = encoded(&self.pipeline, &prompt.into())?;
        self.changed = true;
        Ok(())
    }

    /// Turns the person to a heading in degrees to the left of the first one, +y, as fast as it walks; it turns while it
    /// moves. `None` ends steering.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless the heading is finite.
    pub fn set_heading(&mut self, degrees: Option<f32>) -> Result<()> {
        if let Some(degrees) = degrees.filter(|degrees| !degrees.is_finite()) {
            return Err(Error::invalid("heading", format!("{degrees} is not finite")));
        }
        self.redirect(degrees.map(|degrees| Aim::degrees(degrees.rem_euclid(360.0))))
    }

    /// Leads the person to a place on the ground, metres to the right and forward; see [`Stream::reached`]. `None` ends
    /// steering.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless both are finite.
    pub fn set_target(&mut self, place: Option<[f32; 2]>) -> Result<()> {
        if place.is_some_and(|place| !place.iter().all(|x| x.is_finite())) {
            return Err(Error::invalid("target", "it is not finite"));
        }
        self.redirect(place.map(|place| Aim::Place(Vec2::from_array(place))))
    }

    /// Whether the person is within 0.4 m of the target.
    pub fn reached(&self) -> bool {
        let place = self.past.back().or_else(|| self.plan.front()).map(|frame| frame.pose.root.truncate());
        matches!((self.aim, place), (Some(Aim::Place(target)), Some(place)) if place.distance(target) <= REACHED)
    }

    /// The next `frames` frames.
    ///
    /// # Errors
    /// As [`Pipeline::generate_with`]; [`Error::InvalidArgument`] for no or more than 10,000 frames.
    pub fn block(&mut self, frames: usize) -> Result<Motion> {
        check_block(frames)?;
        let mut poses: Vec<Pose> = Vec::with_capacity(frames + 1);
        for _ in 0..frames {
            self.prepare()?;
            let Some(frame) = self.plan.pop_front() else { return Err(Error::internal("a window has no frames")) };
            poses.push(frame.pose);
            self.past.push_back(frame);
            if self.past.len() > self.frames_of(CONTEXT) {
                self.past.pop_front();
            }
            self.frame += 1;
        }
        poses.extend(self.plan.front().map(|frame| frame.pose));
        Track::new(self.skeleton, poses, self.pipeline.fps()).to_motion()
    }

    fn frames_of(&self, seconds: f32) -> usize {
        ((seconds * self.pipeline.fps()).round() as usize).max(2)
    }

    /// Makes a window before the next frame if there is a new prompt, or it is time for the next window. Asked frame by frame, so that the size of blocks does not matter.
    fn prepare(&mut self) -> Result<()> {
        if !self.changed && self.plan.len() > self.rest {
            return Ok(());
        }
        let kept = self.plan.len().min(self.frames_of(TAKEOVER));
        let before: Vec<Frame> = self.past.iter().chain(self.plan.iter().take(kept)).copied().collect();
        let mut weights = vec![0.0; self.past.len() + kept.min(1)];
        weights.extend(ramp(kept.saturating_sub(1)));
        let shortest = self.pipeline.config().generation.frames.map_or(WINDOW, |(min, _)| min);
        let len = shortest.max(before.len() + 2 * self.frames_of(TAKEOVER));
        let window = Window { start: 0, len, weights };
        // Windows of one stream differ in their noise, as far as they are made at different frames.
        let seed = self.options.seed.wrapping_add((self.frame as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let shared = (!before.is_empty()).then_some(&before[..]);
        let options = self.generation();
        let windows = vec![(window, self.text.clone(), noise(seed, len))];
        let made = self.pipeline.together(windows, shared, &options, &mut progress::ignore)?;
        // After an error the window is still wanted.
        self.changed = false;
        self.accept(made)
    }

    /// Smoothes a window, puts it on the skeleton and plans it.
    fn accept(&mut self, made: Frames) -> Result<()> {
        let smoothed = smooth(made.features()?.view(), KERNEL_SIZE, SIGMA)?;
        let motion = Motion::from_features(smoothed, self.pipeline.fps())?;
        if self.frame == 0 {
            self.skeleton = Track::of(&motion)?.skeleton;
        }
        let poses = Frames::of(motion.features())?.frames.into_iter().map(|frame| frame.pose);
        let (context, takeover) = (self.frames_of(CONTEXT), self.frames_of(TAKEOVER));
        let shift = period(&made.frames, context + takeover, takeover, takeover);
        // The next window begins `shift` frames after this one, and takes over when its context is past.
        self.rest = (made.len() - (shift + context)).max(takeover + 1);
        let first = self.plan.front().copied();
        self.plan = poses.skip(self.past.len()).map(|pose| self.of_pose(pose)).collect();
        if let (Some(slot), Some(first)) = (self.plan.front_mut(), first) {
            *slot = first;
        }
        self.bend();
        Ok(())
    }

    fn of_pose(&self, pose: Pose) -> Frame {
        Frame { pose, joints: self.skeleton.fk(pose.root, pose.rotations).1 }
    }

    fn redirect(&mut self, aim: Option<Aim>) -> Result<()> {
        self.aim = aim;
        self.bend();
        Ok(())
    }

    /// Steers what is planned, and keeps standing feet in place.
    fn bend(&mut self) {
        let fps = self.pipeline.fps();
        if let Some(aim) = &self.aim {
            steer(self.plan.make_contiguous(), aim, fps);
        }
        let past = self.past.len();
        let mut poses: Vec<Pose> = self.past.iter().chain(&self.plan).map(|frame| frame.pose).collect();
        // Frames that were given stay, and so does the next frame.
        plant(&self.skeleton, &mut poses, past, fps);
        self.plan = poses[past..].iter().map(|pose| self.of_pose(*pose)).collect();
    }

    fn generation(&self) -> GenerateOptions {
        let StreamOptions { num_inference_steps, solver, .. } = self.options;
        GenerateOptions::default().with_num_inference_steps(num_inference_steps).with_solver(solver)
    }
}

impl<P: Deref<Target = Pipeline>> Iterator for Stream<P> {
    type Item = Result<Motion>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.block(self.options.block))
    }
}

fn encoded(pipeline: &Pipeline, prompt: &Prompt) -> Result<Array2<f32>> {
    let sentences: Vec<&str> = prompt.sentence().into_iter().collect();
    let mut rows = pipeline.encode_all(&sentences, &mut progress::ignore)?.into_iter();
    pipeline.text(prompt, &mut rows)
}

fn check_block(frames: usize) -> Result<()> {
    if (1..=MAX_BLOCK).contains(&frames) {
        return Ok(());
    }
    Err(Error::invalid("frames", format!("a block of {frames} frames, expected 1 to {MAX_BLOCK}")))
}
