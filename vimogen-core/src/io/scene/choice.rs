//! Reads the asked one of several animations, or the first that moves a human.

use super::animated::Animated;
use super::takes::{self, Take};
use crate::error::{Error, Result};
use crate::io::LoadOptions;
use crate::io::rig::retarget;
use crate::motion::Motion;

/// The animations of a file.
pub(in crate::io) trait Scene {
    /// Format, for messages.
    fn format(&self) -> &'static str;

    fn takes(&self) -> &[Take];

    /// Whether the animation changes anything.
    fn moves(&self, take: &Take) -> Result<bool>;

    fn rig(&self, take: &Take, options: &LoadOptions<'_>) -> Result<Animated>;
}

/// The clip that [`LoadOptions::person`] selects. Without it, the first that moves and is human, then the first that is
/// human; otherwise the fault of the first.
pub(in crate::io) fn read(scene: &dyn Scene, options: &LoadOptions<'_>) -> Result<Motion> {
    let names = takes::names(scene.takes());
    let read = |chosen: usize| {
        let mut rig = scene.rig(&scene.takes()[chosen], options)?;
        rig.say(takes::found(&names, chosen, options.person.is_some()));
        retarget::to_motion(&rig, options)
    };
    if let Some(asked) = options.person {
        return read(takes::find(scene.takes(), &names, asked)?);
    }
    let body = |chosen: usize| scene.takes()[chosen].body.0;
    let bodies = (0..names.len()).map(body).max().map_or(0, |most| most + 1);
    let (mut refused, mut fault, mut still) = (vec![false; bodies], None, Vec::new());
    for (chosen, take) in scene.takes().iter().enumerate() {
        // A file that is damaged or compressed says so at once.
        if !refused[take.body.0] && !scene.moves(take)? {
            still.push(chosen);
        } else if !refused[take.body.0] {
            match read(chosen) {
                Ok(motion) => return Ok(motion),
                Err(error) => {
                    fault.get_or_insert(error);
                    refused[take.body.0] = true;
                }
            }
        }
    }
    for chosen in still {
        if !refused[body(chosen)] {
            match read(chosen) {
                Ok(motion) => return Ok(motion),
                Err(error) => {
                    fault.get_or_insert(error);
                    refused[body(chosen)] = true;
                }
            }
        }
    }
    Err(fault.unwrap_or_else(|| Error::format(scene.format(), "none of its animations moves a skeleton")))
}
