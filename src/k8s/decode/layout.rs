//! What a type is made of, found by offering every field to its own `Deserialize`: no second table of field names
//! to keep. It says of nearly every object in one walk that it decodes, which decoding itself takes longer to say.

use super::words;
use crate::node::{Kind, Node};
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Expected, MapAccess, SeqAccess, Visitor};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A type's shapes; they refer to each other by number, as types may hold themselves.
#[derive(Debug)]
pub(super) struct Layout {
    shapes: Vec<Shape>,
    pub(super) root: usize,
}

/// What a value may be.
#[derive(Debug)]
pub(super) enum Shape {
    /// A mapping with these fields, sorted by name.
    Struct(Vec<(&'static str, usize)>),
    /// A mapping of any keys.
    Map(usize),
    /// A list.
    List(usize),
    /// A single value.
    Scalar(Scalar),
    /// Anything at all.
    Anything,
    /// Only decoding tells.
    Unknown,
}

/// A single value's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    Bool,
    Int32,
    Int64,
    Float,
    Text,
    Quantity,
    Time,
    MicroTime,
    IntOrString,
    Bytes,
}

/// The layout of a type.
pub(super) fn of<T: DeserializeOwned>() -> Layout {
    let tracer = Tracer::default();
    let slot = Cell::new(UNKNOWN);
    // The value that comes out is of no interest, nor whether one does.
    let _ = T::deserialize(Explorer { tracer: &tracer, slot: &slot });
    Layout { shapes: tracer.shapes.into_inner(), root: slot.get() }
}

/// The shape of which nothing is known.
const UNKNOWN: usize = 0;

impl Layout {
    pub(super) fn shape(&self, at: usize) -> &Shape {
        &self.shapes[at]
    }

    /// Whether a tree is certain to decode, with no unknown field. Where it is not, decoding tells.
    pub(super) fn fits(&self, root: Node<'_>) -> bool {
        self.fits_at(root, self.root, true)
    }

    fn fits_at(&self, node: Node<'_>, at: usize, top: bool) -> bool {
        match &self.shapes[at] {
            Shape::Struct(fields) => {
                let field = |(key, value): (Node<'_>, Node<'_>)| {
                    let Some(name) = key.as_str() else { return false };
                    let Ok(found) = fields.binary_search_by(|(field, _)| (*field).cmp(name)) else { return false };
                    let (name, inner) = fields[found];
                    // A whole object within another may be of another type.
                    let typed = matches!(name, "apiVersion" | "kind") && is_object(fields);
                    (top || !typed) && (value.is_null() || self.fits_at(value, inner, false))
                };
                node.kind() == Kind::Mapping && node.entries().all(field)
            }
            Shape::Map(inner) => {
                let entry = |(key, value): (Node<'_>, Node<'_>)| {
                    key.as_str().is_some() && !value.is_null() && self.fits_at(value, *inner, false)
                };
                node.kind() == Kind::Mapping && node.entries().all(entry)
            }
            Shape::List(inner) => {
                node.kind() == Kind::Sequence && node.items().all(|item| self.fits_at(item, *inner, false))
            }
            Shape::Scalar(scalar) => scalar.fits(node),
            Shape::Anything => true,
            Shape::Unknown => false,
        }
    }
}

/// Whether a struct is a whole object, with type and metadata.
fn is_object(fields: &[(&'static str, usize)]) -> bool {
    ["apiVersion", "kind", "metadata"].iter().all(|own| fields.binary_search_by(|(field, _)| field.cmp(own)).is_ok())
}

impl Scalar {
    fn fits(self, node: Node<'_>) -> bool {
        let integer = || node.scalar().filter(|_| node.kind() == Kind::Int);
        match self {
            Self::Bool => node.kind() == Kind::Bool,
            Self::Int32 => integer().is_some_and(|text| text.parse::<i32>().is_ok()),
            Self::Int64 => integer().is_some_and(|text| text.parse::<i64>().is_ok()),
            Self::Float => matches!(node.kind(), Kind::Int | Kind::Float),
            Self::Text => node.kind() == Kind::String,
            Self::Quantity => {
                matches!(node.kind(), Kind::Int | Kind::Float) || node.as_str().is_some_and(words::is_quantity)
            }
            Self::Time => node.as_str().is_some_and(words::is_rfc3339),
            Self::MicroTime => node.as_str().is_some(),
            Self::IntOrString => Self::Text.fits(node) || Self::Int32.fits(node),
            // Decoding looks into the text itself.
            Self::Bytes => node.as_str() == Some(""),
        }
    }
}

/// The shapes found so far, structs by list of fields and name.
struct Tracer {
    shapes: RefCell<Vec<Shape>>,
    structs: RefCell<BTreeMap<(*const &'static str, &'static str), usize>>,
}

impl Default for Tracer {
    fn default() -> Self {
        Self { shapes: RefCell::new(vec![Shape::Unknown]), structs: RefCell::default() }
    }
}

impl Tracer {
    fn add(&self, shape: Shape) -> usize {
        let mut shapes = self.shapes.borrow_mut();
        shapes.push(shape);
        shapes.len() - 1
    }
}

/// Offers a type all that it could read, and notes what it asks for.
#[derive(Clone, Copy)]
struct Explorer<'s> {
    tracer: &'s Tracer,
    /// Where the number of its shape goes.
    slot: &'s Cell<usize>,
}

impl Explorer<'_> {
    fn note(self, shape: Shape) {
        self.slot.set(self.tracer.add(shape));
    }
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

/// Whether what a visitor says that it expects has a word; asked for each field, so nothing is allocated.
fn says<V: Visitor<'static>>(visitor: &V, word: &'static str) -> bool {
    struct Heard(&'static str, bool);
    impl std::fmt::Write for Heard {
        fn write_str(&mut self, part: &str) -> std::fmt::Result {
            self.1 |= part.contains(self.0);
            Ok(())
        }
    }
    let mut heard = Heard(word, false);
    let _ = write!(heard, "{}", visitor as &dyn Expected);
    heard.1
}

macro_rules! scalars {
    ($($method:ident $shape:expr => $visit:ident($value:expr);)*) => {$(
        fn $method<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stop> {
            self.note($shape);
            visitor.$visit($value)
        }
    )*};
}

impl Deserializer<'static> for Explorer<'_> {
    type Error = Stop;

    scalars! {
        deserialize_bool Shape::Scalar(Scalar::Bool) => visit_bool(false);
        deserialize_i8 Shape::Unknown => visit_i8(0);
        deserialize_i16 Shape::Unknown => visit_i16(0);
        deserialize_i32 Shape::Scalar(Scalar::Int32) => visit_i32(0);
        deserialize_i64 Shape::Scalar(Scalar::Int64) => visit_i64(0);
        deserialize_u8 Shape::Unknown => visit_u8(0);
        deserialize_u16 Shape::Unknown => visit_u16(0);
        deserialize_u32 Shape::Unknown => visit_u32(0);
        deserialize_u64 Shape::Unknown => visit_u64(0);
        deserialize_f32 Shape::Scalar(Scalar::Float) => visit_f32(0.0);
        deserialize_f64 Shape::Scalar(Scalar::Float) => visit_f64(0.0);
        deserialize_char Shape::Scalar(Scalar::Text) => visit_char(' ');
        deserialize_str Shape::Scalar(Scalar::Text) => visit_borrowed_str("");
        deserialize_string Shape::Scalar(Scalar::Text) => visit_borrowed_str("");
        deserialize_identifier Shape::Scalar(Scalar::Text) => visit_borrowed_str("");
        deserialize_bytes Shape::Unknown => visit_borrowed_str("");
        deserialize_byte_buf Shape::Unknown => visit_borrowed_str("");
    }

    fn deserialize_any<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.note(if says(&visitor, "IntOrString") { Shape::Scalar(Scalar::IntOrString) } else { Shape::Unknown });
        visitor.visit_i64(0)
    }

    fn deserialize_unit<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stop> {
        let encoded = says(&visitor, "base64");
        let value = visitor.visit_some(self);
        if encoded {
            self.note(Shape::Scalar(Scalar::Bytes));
        }
        value
    }

    fn deserialize_unit_struct<V: Visitor<'static>>(self, _: &'static str, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'static>>(self, name: &'static str, v: V) -> Result<V::Value, Stop> {
        let (scalar, text) = match name {
            "Time" => (Scalar::Time, "1970-01-01T00:00:00Z"),
            "MicroTime" => (Scalar::MicroTime, "1970-01-01T00:00:00Z"),
            "Quantity" => (Scalar::Quantity, "0"),
            "RawExtension" | "JSON" | "FieldsV1" => {
                self.note(Shape::Anything);
                return v.visit_newtype_struct(StrDeserializer::new(""));
            }
            _ => return v.visit_newtype_struct(self),
        };
        self.note(Shape::Scalar(scalar));
        v.visit_newtype_struct(StrDeserializer::new(text))
    }

    fn deserialize_seq<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stop> {
        let item = Cell::new(UNKNOWN);
        let value = visitor.visit_seq(Once { tracer: self.tracer, item: &item, done: false });
        self.note(Shape::List(item.get()));
        value
    }

    fn deserialize_tuple<V: Visitor<'static>>(self, _: usize, visitor: V) -> Result<V::Value, Stop> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'static>>(self, _: &'static str, _: usize, v: V) -> Result<V::Value, Stop> {
        self.deserialize_seq(v)
    }

    fn deserialize_map<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stop> {
        let inner = Cell::new(UNKNOWN);
        let value = visitor.visit_map(Entry { tracer: self.tracer, inner: &inner, done: false });
        self.note(Shape::Map(inner.get()));
        value
    }

    fn deserialize_struct<V: Visitor<'static>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        let identity = (fields.as_ptr(), name);
        let found = RefCell::default();
        let all = Fields { tracer: self.tracer, fields, at: 0, found: &found, slot: Cell::new(UNKNOWN) };
        let known = self.tracer.structs.borrow().get(&identity).copied();
        if let Some(at) = known {
            self.slot.set(at);
            return visitor.visit_map(Fields { fields: &[], ..all });
        }
        let at = self.tracer.add(Shape::Unknown);
        self.slot.set(at);
        self.tracer.structs.borrow_mut().insert(identity, at);
        let value = visitor.visit_map(all);
        let mut found: Vec<(&'static str, usize)> = found.into_inner();
        found.sort_unstable();
        self.tracer.shapes.borrow_mut()[at] = Shape::Struct(found);
        value
    }

    fn deserialize_enum<V: Visitor<'static>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Stop> {
        self.note(Shape::Unknown);
        Err(Stop)
    }

    fn deserialize_ignored_any<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_unit()
    }
}

/// A list of one.
struct Once<'s> {
    tracer: &'s Tracer,
    item: &'s Cell<usize>,
    done: bool,
}

impl SeqAccess<'static> for Once<'_> {
    type Error = Stop;

    fn next_element_seed<T: DeserializeSeed<'static>>(&mut self, seed: T) -> Result<Option<T::Value>, Stop> {
        if std::mem::replace(&mut self.done, true) {
            return Ok(None);
        }
        Ok(seed.deserialize(Explorer { tracer: self.tracer, slot: self.item }).ok())
    }
}

/// A mapping of one entry.
struct Entry<'s> {
    tracer: &'s Tracer,
    inner: &'s Cell<usize>,
    done: bool,
}

impl MapAccess<'static> for Entry<'_> {
    type Error = Stop;

    fn next_key_seed<K: DeserializeSeed<'static>>(&mut self, seed: K) -> Result<Option<K::Value>, Stop> {
        if std::mem::replace(&mut self.done, true) {
            return Ok(None);
        }
        seed.deserialize(StrDeserializer::new("")).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'static>>(&mut self, seed: V) -> Result<V::Value, Stop> {
        seed.deserialize(Explorer { tracer: self.tracer, slot: self.inner })
    }
}

/// A mapping that has every field of a struct.
struct Fields<'s> {
    tracer: &'s Tracer,
    fields: &'static [&'static str],
    at: usize,
    found: &'s RefCell<Vec<(&'static str, usize)>>,
    slot: Cell<usize>,
}

impl MapAccess<'static> for Fields<'_> {
    type Error = Stop;

    fn next_key_seed<K: DeserializeSeed<'static>>(&mut self, seed: K) -> Result<Option<K::Value>, Stop> {
        let Some(field) = self.fields.get(self.at) else { return Ok(None) };
        self.at += 1;
        self.found.borrow_mut().push((field, UNKNOWN));
        // Of a whole object k8s-openapi compares these two with what they must say.
        if matches!(*field, "apiVersion" | "kind") && self.fields.contains(&"metadata") {
            let text = self.tracer.add(Shape::Scalar(Scalar::Text));
            self.found.borrow_mut().last_mut().into_iter().for_each(|last| last.1 = text);
            return self.next_key_seed(seed);
        }
        seed.deserialize(StrDeserializer::new(field)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'static>>(&mut self, seed: V) -> Result<V::Value, Stop> {
        self.slot.set(UNKNOWN);
        let value = seed.deserialize(Explorer { tracer: self.tracer, slot: &self.slot });
        self.found.borrow_mut().last_mut().into_iter().for_each(|last| last.1 = self.slot.get());
        value
    }
}
