//! A validated document: nodes over the text, in document order.

use std::borrow::Cow;

use super::{FloatStyle, JsonError, print, scan, string};

/// What a value is. Integers and floats differ: peers sign `1` and `1.0` as they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number without point and exponent.
    Integer,
    /// A number with a point or an exponent.
    Float,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// What is known of a text beyond its validity. Of a container it holds for all that is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Form(u8);

impl Form {
    /// Canonical in either spelling of floats.
    pub(crate) const CANONICAL: Form = Form(Self::PLUS | Self::BARE);
    const PLUS: u8 = 1;
    const BARE: u8 = 2;
    const BEYOND_DOUBLE: u8 = 4;
    const ESCAPED: u8 = 8;

    /// Of a scalar that is canonical as told for `1e+16` and `1e16`.
    pub(crate) fn scalar(plus: bool, bare: bool) -> Form {
        Form((u8::from(plus) * Self::PLUS) | (u8::from(bare) * Self::BARE))
    }

    pub(crate) fn is_canonical(self, style: FloatStyle) -> bool {
        let bit = match style {
            FloatStyle::Plus => Self::PLUS,
            FloatStyle::Bare => Self::BARE,
        };
        self.0 & bit != 0
    }

    /// Whether an integer is in it that no double holds, which makes a hash impossible.
    pub(crate) fn is_beyond_double(self) -> bool {
        self.0 & Self::BEYOND_DOUBLE != 0
    }

    pub(crate) fn is_escaped(self) -> bool {
        self.0 & Self::ESCAPED != 0
    }

    pub(crate) fn not_canonical(self) -> Form {
        Form(self.0 & !(Self::PLUS | Self::BARE))
    }

    pub(crate) fn beyond_double(self) -> Form {
        Form(self.0 | Self::BEYOND_DOUBLE)
    }

    pub(crate) fn escaped(self) -> Form {
        Form(self.0 | Self::ESCAPED)
    }

    /// Of a container, with one more value in it.
    pub(crate) fn with(self, child: Form) -> Form {
        let canonical = self.0 & child.0 & (Self::PLUS | Self::BARE);
        let rest = (self.0 | child.0) & Self::BEYOND_DOUBLE;
        Form(canonical | rest)
    }
}

/// One value or member name. An object's children are name, value, name, value …
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Index of the first node after this one and all that is in it.
    pub(crate) next: u32,
    pub(crate) kind: Kind,
    pub(crate) form: Form,
    /// Levels of nesting: 0 for a scalar, 1 for `[]`.
    pub(crate) height: u8,
}

/// A valid JSON text.
#[derive(Debug, Clone)]
pub struct Document<'a> {
    pub(crate) text: &'a str,
    pub(crate) nodes: Vec<Node>,
}

impl<'a> Document<'a> {
    /// Reads a whole text. See the module for what is refused.
    pub fn parse(text: &'a str) -> Result<Document<'a>, JsonError> {
        Ok(Document {
            text,
            nodes: scan::scan(text)?,
        })
    }

    /// The value that the document is.
    pub fn root(&self) -> Value<'_, 'a> {
        Value {
            document: self,
            index: 0,
        }
    }
}

/// A value in a document.
#[derive(Debug, Clone, Copy)]
pub struct Value<'d, 'a> {
    pub(crate) document: &'d Document<'a>,
    pub(crate) index: u32,
}

impl<'d, 'a> Value<'d, 'a> {
    pub(crate) fn node(self) -> Node {
        self.document.nodes[self.index as usize]
    }

    /// What it is.
    pub fn kind(self) -> Kind {
        self.node().kind
    }

    /// Its text as it arrived.
    pub fn text(self) -> &'a str {
        let node = self.node();
        &self.document.text[node.start as usize..node.end as usize]
    }

    /// Levels of nesting in it: 0 for a scalar.
    pub fn height(self) -> usize {
        usize::from(self.node().height)
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// The string, if it is one, escapes decoded.
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        let node = self.node();
        if node.kind != Kind::String {
            return None;
        }
        let inner = &self.document.text[node.start as usize + 1..node.end as usize - 1];
        Some(if node.form.is_escaped() {
            Cow::Owned(string::decode(inner))
        } else {
            Cow::Borrowed(inner)
        })
    }

    /// The members of an object in order; of anything else none.
    pub fn members(self) -> Members<'d, 'a> {
        Members(self.children(Kind::Object))
    }

    /// The elements of an array in order; of anything else none.
    pub fn elements(self) -> Elements<'d, 'a> {
        Elements(self.children(Kind::Array))
    }

    /// The member of that name, if it is an object that has it.
    pub fn get(self, name: &str) -> Option<Value<'d, 'a>> {
        self.members()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// Appends the canonical text.
    pub fn write_canonical(self, style: FloatStyle, out: &mut String) {
        print::write(self, style, out);
    }

    fn children(self, kind: Kind) -> Children<'d, 'a> {
        let node = self.node();
        let next = self.index + 1;
        Children {
            document: self.document,
            next,
            end: if node.kind == kind { node.next } else { next },
        }
    }
}

#[derive(Debug, Clone)]
struct Children<'d, 'a> {
    document: &'d Document<'a>,
    next: u32,
    end: u32,
}

impl<'d, 'a> Iterator for Children<'d, 'a> {
    type Item = Value<'d, 'a>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.end {
            return None;
        }
        let value = Value {
            document: self.document,
            index: self.next,
        };
        self.next = value.node().next;
        Some(value)
    }
}

/// See [`Value::members`].
#[derive(Debug, Clone)]
pub struct Members<'d, 'a>(Children<'d, 'a>);

impl<'d, 'a> Members<'d, 'a> {
    /// The next member with its name as a value, for printing it as it is.
    pub(crate) fn next_raw(&mut self) -> Option<(Value<'d, 'a>, Value<'d, 'a>)> {
        Some((self.0.next()?, self.0.next()?))
    }
}

impl<'d, 'a> Iterator for Members<'d, 'a> {
    type Item = (Cow<'a, str>, Value<'d, 'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.next_raw()?;
        Some((name.as_str()?, value))
    }
}

/// See [`Value::elements`].
#[derive(Debug, Clone)]
pub struct Elements<'d, 'a>(Children<'d, 'a>);

impl<'d, 'a> Iterator for Elements<'d, 'a> {
    type Item = Value<'d, 'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}
