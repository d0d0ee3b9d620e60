//! The deserializer itself: serde over [`Node`].

use super::words;
use crate::node::{Kind, Node};
use crate::path::Path;
use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt::Display;

/// Whose rules hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Our own configuration.
    Strict,
    /// The API server's decoder.
    Kubernetes,
}

/// An unknown field: its key and its value.
#[derive(Clone, Copy)]
pub(super) struct Unknown<'t> {
    owner: Node<'t>,
    key: Node<'t>,
    pub(super) value: Node<'t>,
}

/// Unknown fields that are kept: nobody reads more.
const MAX_UNKNOWN: usize = 200;

impl<'t> Unknown<'t> {
    pub(super) fn name(&self) -> &'t str {
        self.key.scalar().unwrap_or_default()
    }

    pub(super) fn path(&self, root: Node<'t>) -> Path {
        self.owner.path_from(root).join(self.name().to_owned())
    }
}

/// The state of one tree's decoding, over all rounds.
pub(super) struct Run<'t> {
    root: Node<'t>,
    mode: Mode,
    masked: RefCell<Vec<Node<'t>>>,
    failed: Cell<Option<Node<'t>>>,
    pub(super) unknown: RefCell<Vec<(Unknown<'t>, &'static [&'static str])>>,
}

/// What a round ended with.
pub(super) struct Fault<'t> {
    pub(super) node: Node<'t>,
    /// Empty for what only serde minds.
    pub(super) message: String,
    pub(super) help: Option<String>,
    /// The absent field, where that is the fault.
    pub(super) missing: Option<&'static str>,
}

impl<'t> Run<'t> {
    pub(super) fn new(root: Node<'t>, mode: Mode) -> Self {
        Self { root, mode, masked: RefCell::default(), failed: Cell::new(None), unknown: RefCell::default() }
    }

    pub(super) fn decode<T: DeserializeOwned>(&self) -> Result<T, Fault<'t>> {
        T::deserialize(De { node: self.root, run: self }).map_err(|error| {
            let node = self.failed.take().unwrap_or(self.root);
            let missing = if let Reason::Missing(field) = error.reason { Some(field) } else { None };
            let (message, help) = self.say(node, &error.reason);
            Fault { node, message, help, missing }
        })
    }

    /// Hides a node from the next round; false where that can't help.
    pub(super) fn mask(&self, node: Node<'t>) -> bool {
        let mut masked = self.masked.borrow_mut();
        let helps = node != self.root && !masked.contains(&node);
        masked.push(node);
        helps
    }

    fn is_masked(&self, node: Node<'t>) -> bool {
        self.masked.borrow().contains(&node)
    }

    pub(super) fn is_masked_below(&self, owner: Node<'t>, field: &str) -> bool {
        owner.get(field).is_some_and(|value| self.is_masked(value))
    }

    /// Keeps the keys of a mapping that are none of the fields of its type, up to a bound.
    fn see_unknown(&self, owner: Node<'t>, fields: &'static [&'static str]) {
        for (key, value) in owner.entries() {
            let name = key.scalar().unwrap_or_default();
            let mut unknown = self.unknown.borrow_mut();
            if unknown.len() >= MAX_UNKNOWN {
                return;
            }
            if !fields.contains(&name) && !unknown.iter().any(|(seen, _)| seen.owner == owner && seen.name() == name) {
                unknown.push((Unknown { owner, key, value }, fields));
            }
        }
    }

    fn say(&self, node: Node<'t>, reason: &Reason) -> (String, Option<String>) {
        let field = words::field(&node.path_from(self.root));
        match reason {
            Reason::Want(want) => words::wrong_type(&field, node, want),
            Reason::Missing(name) if field.is_empty() => (format!("`{name}` is missing"), None),
            Reason::Missing(name) => (format!("{field} lacks `{name}`"), None),
            Reason::UnknownField(name, fields) => (words::unknown_field(name, fields), None),
            Reason::UnknownVariant(name, variants) => (words::unknown_value(&field, name, variants), None),
            Reason::Custom(_) if self.mode == Mode::Kubernetes && node.kind() == Kind::String => {
                // The one string that k8s-openapi's types look into is `ByteString`, with a decoder
                // that is stricter than Go's.
                let text = node.as_str().unwrap_or_default();
                match words::base64_fault(text) {
                    Some(fault) => (
                        format!("{field} must be base64, but {fault}"),
                        Some("encode the value, or write it in plain text under `stringData`".into()),
                    ),
                    None => (String::new(), None),
                }
            }
            Reason::Custom(message) if field.is_empty() => (message.clone(), None),
            Reason::Custom(message) => (format!("{field}: {message}"), None),
        }
    }
}

/// Why decoding failed, before the place is known.
#[derive(Debug)]
enum Reason {
    Want(String),
    Missing(&'static str),
    UnknownField(String, &'static [&'static str]),
    UnknownVariant(String, &'static [&'static str]),
    Custom(String),
}

/// The deserializer's error; its place is kept in [`Run`].
#[derive(Debug)]
pub(super) struct Error {
    reason: Reason,
    placed: bool,
}

impl Error {
    fn new(reason: Reason) -> Self {
        Self { reason, placed: false }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.reason)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(Reason::Custom(message.to_string()))
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(Reason::Want(match expected.to_string().as_str() {
            "IntOrString" => "a number or a string".into(),
            other => other.to_owned(),
        }))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(Reason::Want(expected.to_string()))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Reason::Missing(field))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Reason::UnknownField(field.to_owned(), expected))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Reason::UnknownVariant(variant.to_owned(), expected))
    }
}

/// A node on its way into a type.
#[derive(Clone, Copy)]
struct De<'r, 't> {
    node: Node<'t>,
    run: &'r Run<'t>,
}

impl<'t> De<'_, 't> {
    /// Notes the place of an error that has none yet.
    fn place<V>(self, result: Result<V, Error>) -> Result<V, Error> {
        result.map_err(|mut error| {
            if !error.placed {
                error.placed = true;
                self.run.failed.set(Some(self.node));
            }
            error
        })
    }

    fn want<V>(self, want: &str) -> Result<V, Error> {
        self.place(Err(Error::new(Reason::Want(want.to_owned()))))
    }

    fn kubernetes(self) -> bool {
        self.run.mode == Mode::Kubernetes
    }

    fn text(self) -> &'t str {
        self.node.scalar().unwrap_or_default()
    }

    /// A whole number. What YAML and kubectl's JSON write as `1.0` or `1e3` reaches the API server
    /// as `1` and `1000` (Go's encoding/json prints floats below 1e21 without a fraction they lack).
    fn integer(self) -> Option<i128> {
        match self.node.kind() {
            Kind::Int => self.text().parse().ok(),
            Kind::Float => {
                self.text().parse::<f64>().ok().filter(|n| n.fract() == 0.0 && n.abs() < 1e21).map(|n| n as i128)
            }
            // The zero value, where null stands for an item.
            Kind::Null if self.kubernetes() => Some(0),
            _ => None,
        }
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $type:ty, $want:literal;)*) => {$(
        fn $method<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.integer().map(<$type>::try_from) {
                Some(Ok(number)) => self.place(visitor.$visit(number)),
                _ => self.want($want),
            }
        }
    )*};
}

impl<'t> Deserializer<'t> for De<'_, 't> {
    type Error = Error;

    integers! {
        deserialize_i8 visit_i8 i8, "a whole number of 8 bits";
        deserialize_i16 visit_i16 i16, "a whole number of 16 bits";
        deserialize_i32 visit_i32 i32, "a whole number of 32 bits";
        deserialize_i64 visit_i64 i64, "a whole number of 64 bits";
        deserialize_u8 visit_u8 u8, "a whole number from 0 to 255";
        deserialize_u16 visit_u16 u16, "a whole number from 0 to 65535";
        deserialize_u32 visit_u32 u32, "a whole number from 0 to 4294967295";
        deserialize_u64 visit_u64 u64, "a whole number from 0";
    }

    fn deserialize_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node.kind() {
            Kind::Null => self.place(visitor.visit_unit()),
            Kind::Bool => self.place(visitor.visit_bool(self.text() == "true")),
            Kind::String => self.place(visitor.visit_borrowed_str(self.text())),
            Kind::Sequence => self.place(visitor.visit_seq(Items::new(self))),
            Kind::Mapping => self.place(visitor.visit_map(Entries::new(self, None))),
            Kind::Int | Kind::Float => match self.integer() {
                Some(number) => match (i64::try_from(number), u64::try_from(number)) {
                    (Ok(number), _) => self.place(visitor.visit_i64(number)),
                    (_, Ok(number)) => self.place(visitor.visit_u64(number)),
                    _ => self.place(visitor.visit_f64(number as f64)),
                },
                None => self.place(visitor.visit_f64(self.text().parse().unwrap_or(f64::NAN))),
            },
        }
    }

    fn deserialize_bool<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node.kind() {
            Kind::Bool => self.place(visitor.visit_bool(self.text() == "true")),
            Kind::Null if self.kubernetes() => self.place(visitor.visit_bool(false)),
            _ => self.want("true or false"),
        }
    }

    fn deserialize_f32<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        match (self.node.kind(), self.text().parse()) {
            (Kind::Int | Kind::Float, Ok(number)) => self.place(visitor.visit_f64(number)),
            (Kind::Null, _) if self.kubernetes() => self.place(visitor.visit_f64(0.0)),
            _ => self.want("a number"),
        }
    }

    fn deserialize_char<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node.kind() {
            Kind::String => self.place(visitor.visit_borrowed_str(self.text())),
            Kind::Null if self.kubernetes() => self.place(visitor.visit_borrowed_str("")),
            _ => self.want("a string"),
        }
    }

    fn deserialize_string<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.node.is_null() { self.place(visitor.visit_none()) } else { self.place(visitor.visit_some(self)) }
    }

    fn deserialize_unit<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.node.is_null() { self.place(visitor.visit_unit()) } else { self.want("null") }
    }

    fn deserialize_unit_struct<V: Visitor<'t>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'t>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        if !self.kubernetes() {
            return self.place(visitor.visit_newtype_struct(self));
        }
        match name {
            "Quantity" => {
                // api/resource/quantity.go, UnmarshalJSON: the quotes are optional.
                let number = matches!(self.node.kind(), Kind::Int | Kind::Float);
                let text = self.text();
                if self.node.is_null() || number || self.node.as_str().is_some_and(words::is_quantity) {
                    self.place(visitor.visit_newtype_struct(StrDeserializer::new(text)))
                } else if self.node.kind() == Kind::String {
                    self.want("a quantity such as `250m`, `1.5` or `512Mi`")
                } else {
                    self.want("a quantity: a number, or a string such as `512Mi`")
                }
            }
            "Time" | "MicroTime" => {
                // apis/meta/v1/time.go and micro_time.go: a string; only Time's layout is checked here.
                let fits = match self.node.as_str() {
                    Some(text) => name == "MicroTime" || words::is_rfc3339(text),
                    None => self.node.is_null(),
                };
                if fits {
                    self.place(visitor.visit_newtype_struct(StrDeserializer::new("1970-01-01T00:00:00Z")))
                } else {
                    self.want("a time such as \"2026-01-31T12:00:00Z\"")
                }
            }
            _ => self.place(visitor.visit_newtype_struct(self)),
        }
    }

    fn deserialize_seq<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node.kind() {
            Kind::Sequence => self.place(visitor.visit_seq(Items::new(self))),
            Kind::Null if self.kubernetes() => self.place(visitor.visit_seq(Items::new(self))),
            _ => self.want("a list"),
        }
    }

    fn deserialize_tuple<V: Visitor<'t>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'t>>(self, _: &'static str, _: usize, v: V) -> Result<V::Value, Error> {
        self.deserialize_seq(v)
    }

    fn deserialize_map<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node.kind() {
            Kind::Mapping => self.place(visitor.visit_map(Entries::new(self, None))),
            Kind::Null if self.kubernetes() => self.place(visitor.visit_map(Entries::new(self, None))),
            _ => self.want("a mapping"),
        }
    }

    fn deserialize_struct<V: Visitor<'t>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.node.kind() {
            Kind::Mapping | Kind::Null => {
                self.run.see_unknown(self.node, fields);
                self.place(visitor.visit_map(Entries::new(self, Some(fields))))
            }
            _ => self.want("a mapping"),
        }
    }

    fn deserialize_enum<V: Visitor<'t>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.node.kind() {
            Kind::String => self.place(visitor.visit_enum(Variant { name: self.text(), value: None, run: self.run })),
            Kind::Mapping if self.node.count() == 1 => {
                let Some((key, value)) = self.node.entries().next() else { return self.want("one key") };
                let name = key.scalar().unwrap_or_default();
                self.place(visitor.visit_enum(Variant { name, value: Some(value), run: self.run }))
            }
            _ => self.want(&words::one_of(variants)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }
}

impl<'t> IntoDeserializer<'t, Error> for De<'_, 't> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

struct Items<'r, 't> {
    of: De<'r, 't>,
    items: Box<dyn Iterator<Item = Node<'t>> + 't>,
}

impl<'r, 't> Items<'r, 't> {
    fn new(of: De<'r, 't>) -> Self {
        Self { of, items: Box::new(of.node.items()) }
    }
}

impl<'t> SeqAccess<'t> for Items<'_, 't> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'t>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let run = self.of.run;
        let null = self.of.kubernetes();
        match self.items.by_ref().find(|item| !(run.is_masked(*item) || null && item.is_null())) {
            Some(node) => {
                let de = De { node, run };
                de.place(seed.deserialize(de)).map(Some)
            }
            None => Ok(None),
        }
    }
}

/// A mapping's entries: of duplicates the last, and none that is masked, unknown or, in a struct,
/// null.
struct Entries<'r, 't> {
    of: De<'r, 't>,
    entries: std::vec::IntoIter<(Node<'t>, Node<'t>)>,
    value: Option<Node<'t>>,
}

impl<'r, 't> Entries<'r, 't> {
    fn new(of: De<'r, 't>, fields: Option<&'static [&'static str]>) -> Self {
        let mut entries: Vec<(Node<'t>, Node<'t>)> = of.node.entries().collect();
        let mut last: HashMap<&str, usize> = HashMap::with_capacity(entries.len());
        for (at, (key, _)) in entries.iter().enumerate() {
            last.insert(key.scalar().unwrap_or_default(), at);
        }
        let mut at = 0;
        entries.retain(|(key, value)| {
            let name = key.scalar().unwrap_or_default();
            let keep = last.get(name) == Some(&at)
                && !of.run.is_masked(*value)
                && fields.is_none_or(|fields| fields.contains(&name))
                && !(value.is_null() && (fields.is_some() || of.kubernetes()));
            at += 1;
            keep
        });
        Self { of, entries: entries.into_iter(), value: None }
    }
}

impl<'t> MapAccess<'t> for Entries<'_, 't> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'t>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        self.value = Some(value);
        let run = self.of.run;
        // A wrong key's place is its value, which is what can be masked.
        let result = seed.deserialize(De { node: key, run });
        if result.is_err() {
            run.failed.set(Some(value));
        }
        result.map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'t>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let Some(node) = self.value.take() else { return self.of.want("a value") };
        let de = De { node, run: self.of.run };
        de.place(seed.deserialize(de))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

/// An enum's variant: a word, or a mapping of one key.
struct Variant<'r, 't> {
    name: &'t str,
    value: Option<Node<'t>>,
    run: &'r Run<'t>,
}

impl<'r, 't> EnumAccess<'t> for Variant<'r, 't> {
    type Error = Error;
    type Variant = Content<'r, 't>;

    fn variant_seed<V: DeserializeSeed<'t>>(self, seed: V) -> Result<(V::Value, Self::Variant), Error> {
        let name = seed.deserialize(IntoDeserializer::<Error>::into_deserializer(self.name))?;
        Ok((name, Content(self.value.map(|node| De { node, run: self.run }))))
    }
}

struct Content<'r, 't>(Option<De<'r, 't>>);

impl<'t> VariantAccess<'t> for Content<'_, 't> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        self.0.map_or(Ok(()), |de| if de.node.is_null() { Ok(()) } else { de.want("nothing") })
    }

    fn newtype_variant_seed<T: DeserializeSeed<'t>>(self, seed: T) -> Result<T::Value, Error> {
        match self.0 {
            Some(de) => de.place(seed.deserialize(de)),
            None => Err(Error::new(Reason::Want("a mapping of one key".into()))),
        }
    }

    fn tuple_variant<V: Visitor<'t>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Some(de) => de.deserialize_seq(visitor),
            None => Err(Error::new(Reason::Want("a mapping of one key".into()))),
        }
    }

    fn struct_variant<V: Visitor<'t>>(self, fields: &'static [&'static str], v: V) -> Result<V::Value, Error> {
        match self.0 {
            Some(de) => de.deserialize_struct("", fields, v),
            None => Err(Error::new(Reason::Want("a mapping of one key".into()))),
        }
    }
}
