//! The types of a plain component's functions, in a form of ours: read once when it is loaded, bounded,
//! and without what has no form in JSON.
//!
//! It fails with a clause that says what has no form in JSON, for [`Unfit`]'s reader to put a name before.

use wasmtime::component::Type;

/// A component's types may have so many parts together. They are all in the schemas of its tools.
const MAX_PARTS: usize = 10_000;

/// And lie so deep within each other: JSON of more than 128 levels is read by nobody, and one level here
/// is up to four in a schema.
const MAX_DEPTH: usize = 24;

/// A type whose values have a form in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ValueType {
    Bool,
    Integer(Integer),
    F32,
    F64,
    Char,
    String,
    /// `list<u8>`.
    Bytes,
    List(Box<ValueType>),
    Record(Vec<(String, ValueType)>),
    Tuple(Vec<ValueType>),
    Variant(Vec<(String, Option<ValueType>)>),
    Enum(Vec<String>),
    Option(Box<ValueType>),
    Result(ResultType),
    Flags(Vec<String>),
}

/// The two sides of a `result`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ResultType {
    pub(crate) ok: Option<Box<ValueType>>,
    pub(crate) err: Option<Box<ValueType>>,
}

/// The integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Integer {
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
}

impl Integer {
    /// The least and the greatest value.
    pub(crate) fn range(self) -> (i128, i128) {
        match self {
            Self::S8 => (i8::MIN.into(), i8::MAX.into()),
            Self::U8 => (0, u8::MAX.into()),
            Self::S16 => (i16::MIN.into(), i16::MAX.into()),
            Self::U16 => (0, u16::MAX.into()),
            Self::S32 => (i32::MIN.into(), i32::MAX.into()),
            Self::U32 => (0, u32::MAX.into()),
            Self::S64 => (i64::MIN.into(), i64::MAX.into()),
            Self::U64 => (0, u64::MAX.into()),
        }
    }

    /// As WIT calls it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::S8 => "s8",
            Self::U8 => "u8",
            Self::S16 => "s16",
            Self::U16 => "u16",
            Self::S32 => "s32",
            Self::U32 => "u32",
            Self::S64 => "s64",
            Self::U64 => "u64",
        }
    }
}

/// Why a type has no form here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It is this, which is no value.
    Kind(&'static str),
    /// It is too large.
    Size(String),
}

/// Reads the types of one component.
pub(super) struct Reader {
    parts: usize,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self { parts: 0 }
    }

    /// One type.
    pub(super) fn read(&mut self, of: &Type) -> Result<ValueType, Unfit> {
        self.at(of, 0)
    }

    fn at(&mut self, of: &Type, depth: usize) -> Result<ValueType, Unfit> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            return Err(Unfit::Size(format!(
                "the types of the component's functions have more than {MAX_PARTS} parts"
            )));
        }
        if depth > MAX_DEPTH {
            return Err(Unfit::Size(format!(
                "its types lie more than {MAX_DEPTH} levels within each other"
            )));
        }
        let deeper = depth + 1;
        Ok(match of {
            Type::Bool => ValueType::Bool,
            Type::S8 => ValueType::Integer(Integer::S8),
            Type::U8 => ValueType::Integer(Integer::U8),
            Type::S16 => ValueType::Integer(Integer::S16),
            Type::U16 => ValueType::Integer(Integer::U16),
            Type::S32 => ValueType::Integer(Integer::S32),
            Type::U32 => ValueType::Integer(Integer::U32),
            Type::S64 => ValueType::Integer(Integer::S64),
            Type::U64 => ValueType::Integer(Integer::U64),
            Type::Float32 => ValueType::F32,
            Type::Float64 => ValueType::F64,
            Type::Char => ValueType::Char,
            Type::String => ValueType::String,
            Type::List(list) => match self.at(&list.ty(), deeper)? {
                ValueType::Integer(Integer::U8) => ValueType::Bytes,
                element => ValueType::List(Box::new(element)),
            },
            Type::Record(record) => {
                let mut fields = Vec::new();
                for field in record.fields() {
                    fields.push((field.name.to_owned(), self.at(&field.ty, deeper)?));
                }
                ValueType::Record(fields)
            }
            Type::Tuple(tuple) => {
                let mut types = Vec::new();
                for part in tuple.types() {
                    types.push(self.at(&part, deeper)?);
                }
                ValueType::Tuple(types)
            }
            Type::Variant(variant) => {
                let mut cases = Vec::new();
                for case in variant.cases() {
                    let payload = case.ty.map(|of| self.at(&of, deeper)).transpose()?;
                    self.parts += 1;
                    cases.push((case.name.to_owned(), payload));
                }
                ValueType::Variant(cases)
            }
            Type::Enum(of) => ValueType::Enum(self.names(of.names())),
            Type::Option(option) => ValueType::Option(Box::new(self.at(&option.ty(), deeper)?)),
            Type::Result(result) => {
                let mut side = |of: Option<Type>| -> Result<_, Unfit> {
                    let of = of.map(|of| self.at(&of, deeper)).transpose()?;
                    Ok(of.map(Box::new))
                };
                ValueType::Result(ResultType {
                    ok: side(result.ok())?,
                    err: side(result.err())?,
                })
            }
            Type::Flags(flags) => ValueType::Flags(self.names(flags.names())),
            Type::Own(_) | Type::Borrow(_) => return Err(Unfit::Kind("resource")),
            Type::Stream(_) => return Err(Unfit::Kind("stream")),
            Type::Future(_) => return Err(Unfit::Kind("future")),
            Type::ErrorContext => return Err(Unfit::Kind("error-context")),
            // The engine has these two off.
            Type::Map(_) => return Err(Unfit::Kind("map")),
            Type::FixedLengthList(_) => return Err(Unfit::Kind("list of fixed length")),
        })
    }

    fn names<'a>(&mut self, names: impl Iterator<Item = &'a str>) -> Vec<String> {
        let names: Vec<String> = names.map(str::to_owned).collect();
        self.parts += names.len();
        names
    }
}
