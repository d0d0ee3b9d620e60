//! Where a field of a right name would be at home.
//!
//! A type's fields are found by offering every field to its own `Deserialize`: no second table of
//! field names to keep.

use super::{Class, Misfit, words};
use crate::node::{Kind, Node};
use crate::path::{Path, Segment};
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::cell::RefCell;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Scalar,
    List,
    Mapping,
    Anything,
}

impl Shape {
    fn holds(self, kind: Kind) -> bool {
        match kind {
            Kind::Null => true,
            Kind::Sequence => matches!(self, Self::List | Self::Anything),
            Kind::Mapping => matches!(self, Self::Mapping | Self::Anything),
            _ => matches!(self, Self::Scalar | Self::Anything),
        }
    }
}

/// A field of a type: the keys that lead to its owner (items and map values are `*`), and its name.
#[derive(Debug)]
pub(super) struct Place {
    owner: Vec<&'static str>,
    field: &'static str,
    shape: Shape,
}

/// Stands for any index and any key of a map.
const ANY: &str = "*";

/// Every field of a type, those of a type within itself once.
pub(super) fn of<T: DeserializeOwned>() -> Vec<Place> {
    let survey = Survey::default();
    // The value that comes out is of no interest, nor whether one does.
    let _ = T::deserialize(Explorer { survey: &survey, field: None });
    survey.places.into_inner()
}

/// What to say of an unknown field.
pub(super) fn misfit(
    root: Node<'_>,
    path: &Path,
    value: Node<'_>,
    fields: &'static [&'static str],
    places: &[Place],
) -> Misfit {
    let Some(Segment::Key(name)) = path.last() else {
        return Misfit::new(Class::UnknownField, path.clone(), "unknown field");
    };
    let mut owner = path.clone();
    owner.pop();
    let twin = fields.iter().any(|field| {
        field.eq_ignore_ascii_case(name)
            || (name.len() <= words::MAX_WORD && strsim::damerau_levenshtein(field, name) == 1)
    });
    if let Some(home) = (!twin).then(|| home(root, &owner, name, value, places)).flatten() {
        let message = format!("unknown field `{name}`: it belongs {home}");
        return Misfit::new(Class::UnknownField, path.clone(), message)
            .help(format!("indent `{name}` so that it stands {home}; where it stands now it has no effect"));
    }
    let message = match words::nearest(name, fields.iter().copied()) {
        Some(right) => format!("unknown field `{name}`: did you mean `{right}`?"),
        None => format!("unknown field `{name}`"),
    };
    Misfit::new(Class::UnknownField, path.clone(), message)
        .help("the API server drops it, and `kubectl apply` refuses it; remove or rename it")
}

/// The one nearest mapping that has a field of this name and shape: "under `spec.containers[]`".
fn home(root: Node<'_>, owner: &Path, name: &str, value: Node<'_>, places: &[Place]) -> Option<String> {
    // `name` and the like are at home nearly everywhere.
    if matches!(name, "name" | "kind" | "apiVersion" | "value" | "key" | "type" | "status" | "metadata" | "spec") {
        return None;
    }
    let segments = owner.segments();
    let mut candidates: Vec<(usize, usize, &Place)> = places
        .iter()
        .filter(|place| place.field == name && place.shape.holds(value.kind()))
        .filter_map(|place| {
            let shared = segments.iter().zip(&place.owner).take_while(|(at, like)| fits(at, like)).count();
            let keys = |steps: usize, all: usize, is_key: &dyn Fn(usize) -> bool| {
                (steps..all).filter(|&at| is_key(at)).count()
            };
            let up = keys(shared, segments.len(), &|at| matches!(segments[at], Segment::Key(_)));
            let down = keys(shared, place.owner.len(), &|at| place.owner[at] != ANY);
            // Straight above, straight below, or in a relative that the document has.
            let near = up + down > 0 && up + down <= 3;
            let kin = up == 0 || down == 0 || exists(root, owner, shared, place);
            (near && kin).then_some((up + down, shared, place))
        })
        .collect();
    candidates.sort_by_key(|(distance, shared, _)| (*distance, usize::MAX - shared));
    let (nearest, deepest, _) = *candidates.first()?;
    candidates.retain(|(distance, shared, _)| *distance == nearest && *shared == deepest);
    if candidates.len() > 1 {
        // Of several, the one that the document has; else the one for application containers.
        let there: Vec<_> =
            candidates.iter().filter(|(_, shared, place)| exists(root, owner, *shared, place)).copied().collect();
        if !there.is_empty() {
            candidates = there;
        }
        if candidates.len() > 1 {
            candidates.retain(|(_, _, place)| place.owner.contains(&"containers"));
        }
    }
    let [(_, shared, place)] = candidates[..] else { return None };
    Some(shown(segments, shared, place))
}

fn fits(segment: &Segment, like: &str) -> bool {
    match segment {
        Segment::Key(key) => key == like,
        Segment::Index(_) => like == ANY,
    }
}

/// Whether the document holds the place's owner.
fn exists(root: Node<'_>, owner: &Path, shared: usize, place: &Place) -> bool {
    let path: Path = owner.segments()[..shared].iter().cloned().collect();
    let mut nodes: Vec<Node<'_>> = root.at(&path).into_iter().collect();
    for step in &place.owner[shared..] {
        nodes = nodes
            .into_iter()
            .flat_map(|node| if *step == ANY { node.items().collect() } else { Vec::from_iter(node.get(step)) })
            .collect();
    }
    !nodes.is_empty()
}

/// "beside `template`" would need siblings; "under `spec.template.spec`" is plain.
fn shown(segments: &[Segment], shared: usize, place: &Place) -> String {
    let steps = &place.owner;
    // Straight below: the short way says it.
    let from = if shared == segments.len() { shared } else { 0 };
    let mut text = String::new();
    for (at, step) in steps.iter().enumerate().skip(from) {
        match (segments.get(at), *step) {
            (Some(Segment::Index(index)), ANY) if at < shared => text.push_str(&format!("[{index}]")),
            (_, ANY) => text.push_str("[]"),
            (_, key) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(key);
            }
        }
    }
    if text.is_empty() { "at the object's top".into() } else { format!("under `{text}`") }
}

#[derive(Default)]
struct Survey {
    places: RefCell<Vec<Place>>,
    owner: RefCell<Vec<&'static str>>,
    types: RefCell<Vec<&'static str>>,
}

/// Offers a type all that it could read, and notes what it asks for.
#[derive(Clone, Copy)]
struct Explorer<'s> {
    survey: &'s Survey,
    field: Option<&'static str>,
}

/// A type that can't be made of what is offered; whatever holds it goes on.
#[derive(Debug)]
struct Stop;

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("stop")
    }
}

impl std::error::Error for Stop {}

impl serde::de::Error for Stop {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self
    }
}

impl Explorer<'_> {
    fn note(&self, shape: Shape) {
        if let Some(field) = self.field {
            self.survey.places.borrow_mut().push(Place { owner: self.survey.owner.borrow().clone(), field, shape });
        }
    }

    /// Runs with the field as a step of the way.
    fn below<V>(self, step: Option<&'static str>, run: impl FnOnce() -> V) -> V {
        let depth = self.survey.owner.borrow().len();
        self.survey.owner.borrow_mut().extend(step);
        let value = run();
        self.survey.owner.borrow_mut().truncate(depth);
        value
    }
}

macro_rules! scalars {
    ($($method:ident => $visit:ident($value:expr);)*) => {$(
        fn $method<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stop> {
            self.note(Shape::Scalar);
            visitor.$visit($value)
        }
    )*};
}

impl Deserializer<'static> for Explorer<'_> {
    type Error = Stop;

    scalars! {
        deserialize_bool => visit_bool(false);
        deserialize_i8 => visit_i8(0);
        deserialize_i16 => visit_i16(0);
        deserialize_i32 => visit_i32(0);
        deserialize_i64 => visit_i64(0);
        deserialize_u8 => visit_u8(0);
        deserialize_u16 => visit_u16(0);
        deserialize_u32 => visit_u32(0);
        deserialize_u64 => visit_u64(0);
        deserialize_f32 => visit_f32(0.0);
        deserialize_f64 => visit_f64(0.0);
        deserialize_char => visit_char(' ');
        deserialize_str => visit_borrowed_str("");
        deserialize_string => visit_borrowed_str("");
        deserialize_identifier => visit_borrowed_str("");
        deserialize_bytes => visit_borrowed_str("");
        deserialize_byte_buf => visit_borrowed_str("");
    }

    fn deserialize_any<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.note(Shape::Anything);
        visitor.visit_i64(0)
    }

    fn deserialize_unit<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_some(self)
    }

    fn deserialize_unit_struct<V: Visitor<'static>>(self, _: &'static str, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'static>>(self, name: &'static str, v: V) -> Result<V::Value, Stop> {
        match name {
            "Time" | "MicroTime" => {
                self.note(Shape::Scalar);
                v.visit_newtype_struct(StrDeserializer::new("1970-01-01T00:00:00Z"))
            }
            "Quantity" => {
                self.note(Shape::Scalar);
                v.visit_newtype_struct(StrDeserializer::new("0"))
            }
            _ => v.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.note(Shape::List);
        self.below(self.field, || visitor.visit_seq(Once { survey: self.survey, done: false }))
    }

    fn deserialize_tuple<V: Visitor<'static>>(self, _: usize, visitor: V) -> Result<V::Value, Stop> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'static>>(self, _: &'static str, _: usize, v: V) -> Result<V::Value, Stop> {
        self.deserialize_seq(v)
    }

    fn deserialize_map<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.note(Shape::Mapping);
        visitor.visit_map(Fields { survey: self.survey, fields: [].iter(), at: None })
    }

    fn deserialize_struct<V: Visitor<'static>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.note(Shape::Mapping);
        let within = self.survey.types.borrow().contains(&name);
        let fields = if within { [].iter() } else { fields.iter() };
        self.survey.types.borrow_mut().push(name);
        let value = self.below(self.field, || visitor.visit_map(Fields { survey: self.survey, fields, at: None }));
        self.survey.types.borrow_mut().pop();
        value
    }

    fn deserialize_enum<V: Visitor<'static>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Stop> {
        self.note(Shape::Scalar);
        Err(Stop)
    }

    fn deserialize_ignored_any<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_unit()
    }
}

/// A list of one.
struct Once<'s> {
    survey: &'s Survey,
    done: bool,
}

impl SeqAccess<'static> for Once<'_> {
    type Error = Stop;

    fn next_element_seed<T: DeserializeSeed<'static>>(&mut self, seed: T) -> Result<Option<T::Value>, Stop> {
        if std::mem::replace(&mut self.done, true) {
            return Ok(None);
        }
        let explorer = Explorer { survey: self.survey, field: None };
        explorer.below(Some(ANY), || Ok(seed.deserialize(explorer).ok()))
    }
}

/// A mapping that has every field of a struct.
struct Fields<'s> {
    survey: &'s Survey,
    fields: std::slice::Iter<'static, &'static str>,
    at: Option<&'static str>,
}

impl MapAccess<'static> for Fields<'_> {
    type Error = Stop;

    fn next_key_seed<K: DeserializeSeed<'static>>(&mut self, seed: K) -> Result<Option<K::Value>, Stop> {
        // k8s-openapi compares these two with what the type must say.
        let Some(field) = self.fields.find(|field| !matches!(**field, "apiVersion" | "kind")) else { return Ok(None) };
        self.at = Some(field);
        seed.deserialize(StrDeserializer::new(field)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'static>>(&mut self, seed: V) -> Result<V::Value, Stop> {
        seed.deserialize(Explorer { survey: self.survey, field: self.at.take() })
    }
}
