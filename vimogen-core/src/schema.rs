//! Tables of every enum and option, from which other languages and the book take theirs (`make bindings`).

use serde_json::{Map, Value, json};

use crate::body::{BodyKind, Finish};
use crate::declare::{DEFAULT_SEED, Field, NamedEnum, OptionSet};
use crate::io::gltf::HumanBones;
use crate::io::{JointNames, RobotLayout};
use crate::mbench::dimension::Dimension;
use crate::mbench::pose::PoseOrigin;
use crate::mbench::prompts::TextKey;
use crate::mbench::sets::SetProtocol;
use crate::motion::codec::DecodeMode;
use crate::motion::{LengthUnit, UpAxis};
use crate::pipeline::EditMethod;
use crate::progress::Stage;
use crate::render::{RenderOptions, Style, View};
use crate::sample::{GenerateOptions, Preset, Smoothing, Solver};
use crate::text::NoteKind;
use crate::text::umt5::{EncoderDtype, EncoderMemory};
use crate::train::{LossWeighting, LrSchedule, Precision};
use crate::weights::WeightDtype;

/// The tables as JSON: `enums` by type with the variants in the order of their numbers, `options` by struct, `seed`.
pub fn schema() -> Value {
    let mut enums = Map::new();
    named::<BodyKind>(&mut enums);
    named::<DecodeMode>(&mut enums);
    named::<Dimension>(&mut enums);
    named::<EditMethod>(&mut enums);
    named::<EncoderDtype>(&mut enums);
    named::<EncoderMemory>(&mut enums);
    named::<Finish>(&mut enums);
    named::<LengthUnit>(&mut enums);
    named::<LossWeighting>(&mut enums);
    named::<LrSchedule>(&mut enums);
    named::<HumanBones>(&mut enums);
    named::<JointNames>(&mut enums);
    named::<NoteKind>(&mut enums);
    named::<PoseOrigin>(&mut enums);
    named::<Precision>(&mut enums);
    named::<Preset>(&mut enums);
    named::<RobotLayout>(&mut enums);
    named::<SetProtocol>(&mut enums);
    named::<Smoothing>(&mut enums);
    named::<Solver>(&mut enums);
    named::<Stage>(&mut enums);
    named::<Style>(&mut enums);
    named::<TextKey>(&mut enums);
    named::<UpAxis>(&mut enums);
    named::<View>(&mut enums);
    named::<WeightDtype>(&mut enums);
    let options = json!({
        "GenerateOptions": fields::<GenerateOptions>(),
        "RenderOptions": fields::<RenderOptions>(),
    });
    json!({ "seed": DEFAULT_SEED, "enums": enums, "options": options })
}

fn named<E: NamedEnum>(enums: &mut Map<String, Value>) {
    enums.insert(E::TYPE.into(), json!({ "argument": E::ARGUMENT, "doc": E::DOC, "variants": E::VARIANTS }));
}

fn fields<O: OptionSet>() -> Vec<Field> {
    O::fields()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_of_a_named_kind_has_its_enum_in_the_tables() {
        let schema = schema();
        for (name, fields) in schema["options"].as_object().unwrap() {
            for field in fields.as_array().unwrap() {
                let kind = field["kind"].as_str().unwrap();
                let plain = ["bool", "int", "float", "pair"].contains(&kind);
                assert!(plain || schema["enums"].get(kind).is_some(), "{name}: {field}");
                assert!(!field["doc"].as_str().unwrap().contains("[`"), "{name}: {field}");
            }
        }
    }
}
