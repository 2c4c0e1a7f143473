//! The one pass over a text that validates it and lists its nodes.

use std::borrow::Cow;

use super::document::{Form, Kind, Node};
use super::{JsonError, MAX_BYTES, MAX_DEPTH, MAX_VALUES, number, string};

/// Objects of up to so many members are checked for duplicate names pair by pair.
const PAIRWISE_NAMES: usize = 8;

pub(super) fn scan(text: &str) -> Result<Vec<Node>, JsonError> {
    if text.len() > MAX_BYTES {
        return Err(JsonError::TooLong { limit: MAX_BYTES });
    }
    let mut scanner = Scanner {
        text,
        bytes: text.as_bytes(),
        at: 0,
        nodes: Vec::with_capacity((text.len() / 24).min(MAX_VALUES) + 1),
    };
    scanner.skip_space();
    scanner.value(0)?;
    scanner.skip_space();
    if scanner.at != text.len() {
        return Err(scanner.expected("the end"));
    }
    Ok(scanner.nodes)
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
}

impl Scanner<'_> {
    fn expected(&self, expected: &'static str) -> JsonError {
        JsonError::Syntax {
            at: self.at,
            expected,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Whether there was any, which a canonical text has nowhere.
    fn skip_space(&mut self) -> bool {
        let from = self.at;
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
        self.at != from
    }

    /// Adds a node whose end, form and height are not known yet.
    fn open(&mut self, kind: Kind) -> Result<usize, JsonError> {
        let index = self.nodes.len();
        if index >= MAX_VALUES {
            return Err(JsonError::TooManyValues { limit: MAX_VALUES });
        }
        // No cast here truncates: texts and lists of nodes are far shorter than 4 Gi.
        self.nodes.push(Node {
            start: self.at as u32,
            end: 0,
            next: 0,
            kind,
            form: Form::CANONICAL,
            height: 0,
        });
        Ok(index)
    }

    fn close(&mut self, index: usize, form: Form, height: u8) {
        let next = self.nodes.len() as u32;
        let node = &mut self.nodes[index];
        node.end = self.at as u32;
        node.next = next;
        node.form = form;
        node.height = height;
    }

    fn value(&mut self, depth: usize) -> Result<usize, JsonError> {
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true", Kind::Bool),
            Some(b'f') => self.literal("false", Kind::Bool),
            Some(b'n') => self.literal("null", Kind::Null),
            _ => Err(self.expected("a value")),
        }
    }

    fn literal(&mut self, word: &'static str, kind: Kind) -> Result<usize, JsonError> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(self.expected("a value"));
        }
        let index = self.open(kind)?;
        self.at += word.len();
        self.close(index, Form::CANONICAL, 0);
        Ok(index)
    }

    fn number(&mut self) -> Result<usize, JsonError> {
        let number = number::scan(self.text, self.at)?;
        let kind = if number.is_float {
            Kind::Float
        } else {
            Kind::Integer
        };
        let index = self.open(kind)?;
        self.at = number.end;
        self.close(index, number.form, 0);
        Ok(index)
    }

    fn string(&mut self) -> Result<usize, JsonError> {
        let index = self.open(Kind::String)?;
        let (end, form) = string::scan(self.bytes, self.at)?;
        self.at = end;
        self.close(index, form, 0);
        Ok(index)
    }

    fn enter(&mut self, kind: Kind, depth: usize) -> Result<usize, JsonError> {
        if depth >= MAX_DEPTH {
            return Err(JsonError::TooDeep {
                at: self.at,
                limit: MAX_DEPTH,
            });
        }
        let index = self.open(kind)?;
        self.at += 1;
        Ok(index)
    }

    fn array(&mut self, depth: usize) -> Result<usize, JsonError> {
        let index = self.enter(Kind::Array, depth)?;
        let mut form = Form::CANONICAL;
        let mut height = 0;
        let mut spaced = self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
        } else {
            loop {
                let child = self.value(depth + 1)?;
                let child = &self.nodes[child];
                form = form.with(child.form);
                height = height.max(child.height);
                spaced |= self.skip_space();
                match self.peek() {
                    Some(b',') => self.at += 1,
                    Some(b']') => break self.at += 1,
                    _ => return Err(self.expected("`,` or `]`")),
                }
                spaced |= self.skip_space();
            }
        }
        if spaced {
            form = form.not_canonical();
        }
        self.close(index, form, height + 1);
        Ok(index)
    }

    fn object(&mut self, depth: usize) -> Result<usize, JsonError> {
        let index = self.enter(Kind::Object, depth)?;
        let mut form = Form::CANONICAL;
        let mut height = 0;
        let mut count = 0;
        let mut spaced = self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
        } else {
            loop {
                if self.peek() != Some(b'"') {
                    return Err(self.expected("a member name"));
                }
                let name = self.string()?;
                form = form.with(self.nodes[name].form);
                spaced |= self.skip_space();
                if self.peek() != Some(b':') {
                    return Err(self.expected("`:`"));
                }
                self.at += 1;
                spaced |= self.skip_space();
                let child = self.value(depth + 1)?;
                let child = &self.nodes[child];
                form = form.with(child.form);
                height = height.max(child.height);
                count += 1;
                spaced |= self.skip_space();
                match self.peek() {
                    Some(b',') => self.at += 1,
                    Some(b'}') => break self.at += 1,
                    _ => return Err(self.expected("`,` or `}`")),
                }
                spaced |= self.skip_space();
            }
        }
        if spaced {
            form = form.not_canonical();
        }
        self.close(index, form, height + 1);
        self.refuse_duplicates(index, count)?;
        Ok(index)
    }

    fn refuse_duplicates(&self, object: usize, count: usize) -> Result<(), JsonError> {
        let duplicate = if count < 2 {
            None
        } else if count <= PAIRWISE_NAMES {
            self.names(object)
                .enumerate()
                .find(|(position, name)| self.names(object).take(*position).any(|n| n == *name))
                .map(|(_, name)| name)
        } else {
            let mut names: Vec<_> = self.names(object).collect();
            names.sort_unstable();
            names
                .windows(2)
                .find(|pair| pair[0] == pair[1])
                .map(|pair| pair[0].clone())
        };
        match duplicate {
            None => Ok(()),
            Some(name) => Err(JsonError::Duplicate {
                at: self.nodes[object].start as usize,
                name: name.chars().take(64).collect(),
            }),
        }
    }

    /// The member names of a closed object, decoded.
    fn names(&self, object: usize) -> impl Iterator<Item = Cow<'_, str>> {
        let end = self.nodes[object].next as usize;
        let mut name = object + 1;
        std::iter::from_fn(move || {
            if name >= end {
                return None;
            }
            let node = &self.nodes[name];
            name = self.nodes[name + 1].next as usize;
            let inner = &self.text[node.start as usize + 1..node.end as usize - 1];
            Some(if node.form.is_escaped() {
                Cow::Owned(string::decode(inner))
            } else {
                Cow::Borrowed(inner)
            })
        })
    }
}
