//! Arithmetic over named numbers: `a * (b + 1) / 2`. Numbers, names, `+ - * / %`, parentheses and a
//! leading minus; nothing in it can loop, and both its length and its depth are bounded.

use std::collections::BTreeSet;

use koi_extension::{Error, Result};
use serde_json::{Map, Number, Value};

/// Most bytes of an expression.
const MAX_BYTES: usize = 1024;
/// Most parentheses and leading minuses within each other.
const MAX_DEPTH: usize = 64;

/// An expression.
#[derive(Debug, PartialEq)]
pub enum Expression {
    /// A number that stands there.
    Number(f64),
    /// The number of an argument.
    Name(String),
    /// The negative of another.
    Negative(Box<Expression>),
    /// What an operator makes of two others.
    Operation(Box<Expression>, Operator, Box<Expression>),
}

/// What is done with two numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Expression {
    /// Takes an expression apart.
    ///
    /// # Errors
    /// `invalid-input` says what was found where something else should stand.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > MAX_BYTES {
            return Err(Error::invalid_input(format!(
                "the expression is longer than {MAX_BYTES} bytes"
            )));
        }
        let mut parser = Parser {
            rest: text,
            depth: 0,
        };
        let expression = parser.sum()?;
        match parser.peek() {
            None => Ok(expression),
            Some(_) => Err(parser.unexpected("an operator or the end")),
        }
    }

    /// What it comes to: a whole number where it is one.
    ///
    /// # Errors
    /// `invalid-input` if an argument is missing or is no number, or the result is none.
    pub fn value(&self, arguments: &Map<String, Value>) -> Result<Number> {
        /// Up to here each whole number has a float of its own.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let value = self.evaluate(arguments)?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is whole, and small enough"
        )]
        let number = if value.fract() == 0.0 && value.abs() <= EXACT {
            Some(Number::from(value as i64))
        } else {
            Number::from_f64(value)
        };
        number.ok_or_else(|| Error::invalid_input("the result is not a finite number"))
    }

    /// The names of the arguments.
    pub fn names(&self) -> BTreeSet<&str> {
        match self {
            Self::Number(_) => BTreeSet::new(),
            Self::Name(name) => BTreeSet::from([name.as_str()]),
            Self::Negative(inner) => inner.names(),
            Self::Operation(left, _, right) => {
                let mut names = left.names();
                names.append(&mut right.names());
                names
            }
        }
    }

    fn evaluate(&self, arguments: &Map<String, Value>) -> Result<f64> {
        Ok(match self {
            Self::Number(number) => *number,
            Self::Name(name) => arguments.get(name).and_then(Value::as_f64).ok_or_else(|| {
                Error::invalid_input(format!("the argument `{name}` has to be there as a number"))
            })?,
            Self::Negative(inner) => -inner.evaluate(arguments)?,
            Self::Operation(left, operator, right) => {
                let (left, right) = (left.evaluate(arguments)?, right.evaluate(arguments)?);
                match operator {
                    Operator::Add => left + right,
                    Operator::Subtract => left - right,
                    Operator::Multiply => left * right,
                    Operator::Divide | Operator::Remainder if right == 0.0 => {
                        return Err(Error::invalid_input("the expression divides by zero"));
                    }
                    Operator::Divide => left / right,
                    Operator::Remainder => left % right,
                }
            }
        })
    }
}

/// Recursive descent over what is left of the text.
struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn sum(&mut self) -> Result<Expression> {
        self.operations(Self::product, |c| match c {
            '+' => Some(Operator::Add),
            '-' => Some(Operator::Subtract),
            _ => None,
        })
    }

    fn product(&mut self) -> Result<Expression> {
        self.operations(Self::operand, |c| match c {
            '*' => Some(Operator::Multiply),
            '/' => Some(Operator::Divide),
            '%' => Some(Operator::Remainder),
            _ => None,
        })
    }

    /// Operands with operators of one rank between them, from left to right.
    fn operations(
        &mut self,
        operand: fn(&mut Self) -> Result<Expression>,
        operator: fn(char) -> Option<Operator>,
    ) -> Result<Expression> {
        let mut left = operand(self)?;
        while let Some(found) = self.peek().and_then(operator) {
            self.take(1);
            left = Expression::Operation(Box::new(left), found, Box::new(operand(self)?));
        }
        Ok(left)
    }

    fn operand(&mut self) -> Result<Expression> {
        match self.peek() {
            Some('-') => {
                let inner = self.within(Self::operand)?;
                Ok(Expression::Negative(Box::new(inner)))
            }
            Some('(') => {
                let inner = self.within(Self::sum)?;
                match self.peek() {
                    Some(')') => {
                        self.take(1);
                        Ok(inner)
                    }
                    _ => Err(self.unexpected("`)`")),
                }
            }
            Some(c) if c.is_ascii_digit() || c == '.' => {
                let digits = self.word(|c| c.is_ascii_digit() || c == '.');
                digits.parse().map(Expression::Number).map_err(|_| {
                    Error::invalid_input(format!("`{digits}` in the expression is no number"))
                })
            }
            Some(c) if is_of_name(c) => Ok(Expression::Name(self.word(is_of_name).to_owned())),
            _ => Err(self.unexpected("a number, a name or `(`")),
        }
    }

    /// What stands behind a leading minus or an opening parenthesis.
    fn within(&mut self, inner: fn(&mut Self) -> Result<Expression>) -> Result<Expression> {
        self.take(1);
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::invalid_input(format!(
                "the expression is nested deeper than {MAX_DEPTH} levels"
            )));
        }
        let inner = inner(self)?;
        self.depth -= 1;
        Ok(inner)
    }

    /// What comes next after white space.
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        taken
    }

    fn word(&mut self, belongs: fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        self.take(end)
    }

    fn unexpected(&self, wanted: &str) -> Error {
        let found = match self.rest {
            "" => "its end".to_owned(),
            rest => format!("`{rest:.20}`"),
        };
        Error::invalid_input(format!(
            "the expression has {found} where {wanted} should stand"
        ))
    }
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn value(text: &str) -> Result<Value> {
        let arguments = json!({ "a": 4, "b": 2.5, "text": "4" });
        Ok(Value::Number(
            Expression::parse(text)?.value(arguments.as_object().unwrap())?,
        ))
    }

    #[test]
    fn sums_are_worked_out_as_at_school() {
        for (text, result) in [
            ("a*b+1", json!(11)),
            ("1 + 2*3 - 4/2", json!(5)),
            ("-(a - 6) * -b", json!(-5)),
            ("10 - 3 - 2", json!(5)),
            ("7 % 4 / 2", json!(1.5)),
            ("--.5", json!(0.5)),
        ] {
            assert_eq!(value(text).unwrap(), result, "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_or_leads_to_no_number_is_invalid_input() {
        let endless = "9".repeat(400);
        let huge = format!("{endless}*{endless}");
        for text in [
            "",
            "1+",
            "(1",
            "1)",
            "1 2",
            "2x",
            "1..2",
            "é",
            "a b",
            "c",
            "text",
            "1/0",
            "a%(b-b)",
            huge.as_str(),
            &"(".repeat(MAX_BYTES),
            &"-".repeat(MAX_DEPTH + 1),
            &"1".repeat(MAX_BYTES + 1),
        ] {
            let error = value(text).unwrap_err();
            assert_eq!(error.kind, koi_extension::ErrorKind::InvalidInput, "{text}");
        }
    }

    #[test]
    fn the_longest_and_deepest_expressions_are_worked_out() {
        let deep = format!("{}1{}", "(".repeat(MAX_DEPTH), ")".repeat(MAX_DEPTH));
        let long = format!("1{}", "+1".repeat(500));
        assert_eq!(value(&deep).unwrap(), json!(1));
        assert_eq!(value(&long).unwrap(), json!(501));
    }
}
