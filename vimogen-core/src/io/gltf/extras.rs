//! Remarks of the program that wrote a file, of which only our own are kept. Others may be of any type and size.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Our remarks in `asset.extras`.
#[derive(Debug, Default)]
pub(super) struct Extras {
    /// Frames per second; a file that has it and no animation is a clip of one frame.
    pub frame_rate: Option<f64>,
    /// Origin of the clip, see [`MotionMeta`](crate::motion::MotionMeta).
    pub meta: Option<String>,
}

/// A number or a text; anything else is skipped without being kept.
#[derive(Default)]
struct Plain {
    number: Option<f64>,
    text: Option<String>,
}

struct OfExtras;
struct OfPlain;

impl<'de> Deserialize<'de> for Extras {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(OfExtras)
    }
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(OfPlain)
    }
}

/// Skips a list or an object.
fn skip_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<(), A::Error> {
    while list.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn skip_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

/// The values that say nothing here.
macro_rules! ignored {
    ($Value:ty, $($visit:ident: $Type:ty),+) => {
        $(fn $visit<E: Error>(self, _: $Type) -> Result<$Value, E> {
            Ok(<$Value>::default())
        })+

        fn visit_unit<E: Error>(self) -> Result<$Value, E> {
            Ok(<$Value>::default())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<$Value, A::Error> {
            skip_list(list).map(|()| <$Value>::default())
        }

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any value")
        }
    };
}

impl<'de> Visitor<'de> for OfExtras {
    type Value = Extras;

    ignored!(Extras, visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Extras, A::Error> {
        let mut extras = Extras::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "frame_rate" => extras.frame_rate = map.next_value::<Plain>()?.number,
                "vimogen" => extras.meta = map.next_value::<Plain>()?.text,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(extras)
    }
}

impl<'de> Visitor<'de> for OfPlain {
    type Value = Plain;

    ignored!(Plain, visit_bool: bool);

    fn visit_i64<E: Error>(self, value: i64) -> Result<Plain, E> {
        self.visit_f64(value as f64)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Plain, E> {
        self.visit_f64(value as f64)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Plain, E> {
        Ok(Plain { number: Some(value), text: None })
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Plain, E> {
        Ok(Plain { number: None, text: Some(value.into()) })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Plain, A::Error> {
        skip_map(map).map(|()| Plain::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_of_any_type_are_skipped_and_ours_are_kept() {
        let read = |text: &str| serde_json::from_str::<Extras>(text).unwrap();
        for text in ["null", "3", "-1.5", "true", "\"a\"", "[1, {\"a\": []}]", "{\"a\": {\"frame_rate\": 3}}"] {
            assert!(read(text).frame_rate.is_none() && read(text).meta.is_none(), "{text}");
        }
        let ours = read("{\"frame_rate\": 20, \"other\": [[]], \"vimogen\": \"{}\"}");
        assert_eq!((ours.frame_rate, ours.meta.as_deref()), (Some(20.0), Some("{}")));
        let odd = read("{\"frame_rate\": [20], \"vimogen\": {\"a\": 1}}");
        assert!(odd.frame_rate.is_none() && odd.meta.is_none());
    }
}
