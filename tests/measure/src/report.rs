//! The rows, as a table and as a file.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use super::pace::Pace;
use super::rounds::{Series, Spread};

/// Which rows are wanted.
#[derive(Debug)]
pub struct Selection(Vec<String>);

impl Selection {
    /// Those whose names begin with one of these; all if there are none.
    pub fn new(names: Vec<String>) -> Self {
        Self(names)
    }

    /// Whether a row is wanted.
    pub fn wants(&self, row: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|name| row.starts_with(name.as_str()))
    }
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Unit {
    /// Microseconds for one.
    #[serde(rename = "us")]
    Microseconds,
    /// Milliseconds for one.
    #[serde(rename = "ms")]
    Milliseconds,
    /// So many in a second.
    #[serde(rename = "1/s")]
    PerSecond,
    /// 1024 bytes for one.
    #[serde(rename = "KiB")]
    Kibibytes,
    /// So many calls.
    #[serde(rename = "calls")]
    Calls,
}

/// What a row has to reach beside its reference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// At most so many times the reference, or so much more than it, whichever is larger.
    AtMost {
        /// A ratio.
        times: f64,
        /// In the row's unit.
        or_more: f64,
    },
    /// At most so many times the reference, or so much in all, whichever is larger.
    AtMostOrElse {
        /// A ratio.
        times: f64,
        /// In the row's unit.
        or_else: f64,
    },
    /// At least so many times the reference.
    AtLeast {
        /// A ratio.
        times: f64,
    },
}

impl Target {
    fn is_met(self, value: f64, reference: f64) -> bool {
        match self {
            Self::AtMost { times, or_more } => {
                value <= (reference * times).max(reference + or_more)
            }
            Self::AtMostOrElse { times, or_else } => value <= (reference * times).max(or_else),
            Self::AtLeast { times } => value >= reference * times,
        }
    }

    fn ratio(self) -> f64 {
        match self {
            Self::AtMost { times, .. }
            | Self::AtMostOrElse { times, .. }
            | Self::AtLeast { times } => times,
        }
    }

    fn rule(self, unit: Unit) -> String {
        match self {
            Self::AtMost { times, or_more } => {
                format!("at most {times} times, or {or_more} {} more", unit.as_str())
            }
            Self::AtMostOrElse { times, or_else } => {
                format!(
                    "at most {times} times, or {or_else} {} in all",
                    unit.as_str()
                )
            }
            Self::AtLeast { times } => format!("at least {times} times"),
        }
    }
}

impl Unit {
    fn as_str(self) -> &'static str {
        match self {
            Self::Microseconds => "us",
            Self::Milliseconds => "ms",
            Self::PerSecond => "1/s",
            Self::Kibibytes => "KiB",
            Self::Calls => "calls",
        }
    }
}

/// One row as it is written. Without a peer there is no ratio.
#[derive(Debug, Serialize)]
struct Row {
    name: &'static str,
    unit: Unit,
    /// Median of the rounds.
    value: f64,
    /// The peer's, likewise.
    reference: Option<f64>,
    /// Value by reference.
    ratio: Option<f64>,
    /// What the ratio has to be, or the value where there is no peer; `rule` says in which direction
    /// and what else will do.
    target: Option<f64>,
    ok: bool,
    rule: Option<String>,
    rounds: usize,
    spread: Spreads,
}

#[derive(Debug, Serialize)]
struct Spreads {
    value: Spread,
    reference: Option<Spread>,
    /// Of the ratios of the single rounds.
    ratio: Option<Spread>,
}

/// The rows so far. Prints each when it is there.
#[derive(Debug)]
pub struct Report {
    selection: Selection,
    pace: Pace,
    rows: Vec<Row>,
}

impl Report {
    /// Without rows.
    pub fn new(selection: Selection, pace: Pace) -> Self {
        Self {
            selection,
            pace,
            rows: Vec::new(),
        }
    }

    /// How much is to be measured.
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// Whether one of these rows is wanted.
    pub fn wants(&self, rows: &[&str]) -> bool {
        rows.iter().any(|row| self.selection.wants(row))
    }

    /// A figure that others are compared with.
    pub fn figure(&mut self, name: &'static str, unit: Unit, value: &Series) {
        self.add(Row {
            name,
            unit,
            value: value.median(),
            reference: None,
            ratio: None,
            target: None,
            ok: true,
            rule: None,
            rounds: value.rounds(),
            spread: Spreads {
                value: value.spread(),
                reference: None,
                ratio: None,
            },
        });
    }

    /// A figure that has a bound of its own, also in the worst of its rounds.
    pub fn bounded(&mut self, name: &'static str, unit: Unit, value: &Series, at_most: f64) {
        let ok = value.spread().max <= at_most;
        self.add(Row::bounded(name, unit, value, at_most, ok));
    }

    /// A figure whose median has a bound of its own.
    pub fn within(&mut self, name: &'static str, unit: Unit, value: &Series, at_most: f64) {
        // A few measurements say nothing about a target.
        let ok = self.pace == Pace::Quick || value.median() <= at_most;
        self.add(Row::bounded(name, unit, value, at_most, ok));
    }

    /// A figure beside that of its peer.
    pub fn compared(
        &mut self,
        name: &'static str,
        unit: Unit,
        value: &Series,
        reference: &Series,
        target: Target,
    ) {
        self.beside(name, unit, value, reference, Some(target));
    }

    /// A figure beside another one, which is no measure for it.
    pub fn related(&mut self, name: &'static str, unit: Unit, value: &Series, reference: &Series) {
        self.beside(name, unit, value, reference, None);
    }

    fn beside(
        &mut self,
        name: &'static str,
        unit: Unit,
        value: &Series,
        reference: &Series,
        target: Option<Target>,
    ) {
        let ratios = value.over(reference);
        let (own, other) = (value.median(), reference.median());
        self.add(Row {
            name,
            unit,
            value: own,
            reference: Some(other),
            ratio: Some(own / other),
            target: target.map(Target::ratio),
            // A few calls say nothing about a target.
            ok: self.pace == Pace::Quick || target.is_none_or(|target| target.is_met(own, other)),
            rule: target.map(|target| target.rule(unit)),
            rounds: value.rounds(),
            spread: Spreads {
                value: value.spread(),
                reference: Some(reference.spread()),
                ratio: Some(ratios.spread()),
            },
        });
    }

    fn add(&mut self, row: Row) {
        if !self.selection.wants(row.name) {
            return;
        }
        if self.rows.is_empty() {
            println!(
                "{:26} {:>5} {:>22} {:>22} {:>20}  median [quartiles] of the rounds",
                "row", "unit", "value", "reference", "ratio"
            );
        }
        println!("{}", row.line());
        let _ = std::io::stdout().flush();
        self.rows.push(row);
    }

    /// Whether every target was met.
    pub fn is_success(&self) -> bool {
        self.rows.iter().all(|row| row.ok)
    }

    /// Writes the rows as a JSON array.
    pub fn write(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(&self.rows)?;
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
        }
        std::fs::write(file, text + "\n")
            .with_context(|| format!("cannot write {}", file.display()))
    }
}

impl Row {
    fn bounded(name: &'static str, unit: Unit, value: &Series, at_most: f64, ok: bool) -> Self {
        let digits = if at_most.fract() == 0.0 { 0 } else { 2 };
        Self {
            name,
            unit,
            value: value.median(),
            reference: None,
            ratio: None,
            target: Some(at_most),
            ok,
            rule: Some(format!("at most {at_most:.digits$} {}", unit.as_str())),
            rounds: value.rounds(),
            spread: Spreads {
                value: value.spread(),
                reference: None,
                ratio: None,
            },
        }
    }

    fn line(&self) -> String {
        let figure = |value: f64, spread: Spread| {
            let digits = if value >= 1000.0 { 0 } else { 2 };
            format!(
                "{value:.digits$} [{:.digits$}-{:.digits$}]",
                spread.q1, spread.q3
            )
        };
        let optional = |value: Option<f64>, spread: Option<Spread>| match (value, spread) {
            (Some(value), Some(spread)) => figure(value, spread),
            _ => String::new(),
        };
        let verdict = match (&self.rule, self.ok) {
            (None, _) => String::new(),
            (Some(rule), true) => format!("ok: {rule}"),
            (Some(rule), false) => format!("MISSED: {rule}"),
        };
        let line = format!(
            "{:26} {:>5} {:>22} {:>22} {:>20}  {verdict}",
            self.name,
            self.unit.as_str(),
            figure(self.value, self.spread.value),
            optional(self.reference, self.spread.reference),
            optional(self.ratio, self.spread.ratio),
        );
        line.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_call_may_cost_a_few_microseconds_more_however_many_times_that_is() {
        let target = Target::AtMost {
            times: 1.3,
            or_more: 8.0,
        };
        assert!(target.is_met(12.0, 5.0));
        assert!(!target.is_met(14.0, 5.0));
        assert!(target.is_met(129.0, 100.0));
        assert!(!target.is_met(131.0, 100.0));
    }

    #[test]
    fn a_quick_reference_leaves_room_up_to_a_fixed_figure() {
        let target = Target::AtMostOrElse {
            times: 3.0,
            or_else: 5.0,
        };
        assert!(target.is_met(4.9, 0.5));
        assert!(!target.is_met(5.1, 0.5));
        assert!(target.is_met(5.9, 2.0));
    }

    #[test]
    fn a_name_selects_the_rows_that_begin_with_it() {
        let selection = Selection::new(vec!["tools-call.legacy".to_owned()]);
        assert!(selection.wants("tools-call.legacy.16"));
        assert!(!selection.wants("tools-call.modern.16"));
        assert!(Selection::new(Vec::new()).wants("anything"));
    }
}
