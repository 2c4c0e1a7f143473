//! Rounds in which the sides of a comparison take turns, and what they add up to.

use anyhow::Result;
use serde::Serialize;

/// The figures of one side, one a round.
#[derive(Debug, Clone, Default)]
pub struct Series(Vec<f64>);

/// How far the rounds are apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The least.
    pub min: f64,
    /// A quarter of the rounds has less.
    pub q1: f64,
    /// A quarter of the rounds has more.
    pub q3: f64,
    /// The most.
    pub max: f64,
}

impl Series {
    /// Sorts nothing, forgets nothing.
    pub fn add(&mut self, value: f64) {
        self.0.push(value);
    }

    /// How many rounds there were.
    pub fn rounds(&self) -> usize {
        self.0.len()
    }

    /// The middle one.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// See [`Spread`].
    pub fn spread(&self) -> Spread {
        Spread {
            min: self.quantile(0.0),
            q1: self.quantile(0.25),
            q3: self.quantile(0.75),
            max: self.quantile(1.0),
        }
    }

    /// This side by the other, round by round.
    pub fn over(&self, other: &Self) -> Self {
        Self(
            self.0
                .iter()
                .zip(&other.0)
                .map(|(own, other)| own / other)
                .collect(),
        )
    }

    /// The value below which such a part lies, between the two nearest values; not a number of an empty
    /// series.
    pub fn quantile(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let Some(last) = sorted.len().checked_sub(1) else {
            return f64::NAN;
        };
        let place = part * last as f64;
        let (below, above) = (
            sorted[place.floor() as usize],
            sorted[place.ceil() as usize],
        );
        below + (above - below) * place.fract()
    }
}

impl FromIterator<f64> for Series {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

/// Measures all sides once a round, in an order that turns around from one round to the next, so
/// that what drifts meets them alike. A round before the first one warms up and does not count.
pub async fn interleaved<const N: usize>(
    rounds: usize,
    mut measure: impl AsyncFnMut(usize) -> Result<f64>,
) -> Result<[Series; N]> {
    let mut sides = [(); N].map(|()| Series::default());
    for side in 0..N {
        measure(side).await?;
    }
    for round in 0..rounds {
        for turn in 0..N {
            let side = if round % 2 == 0 { turn } else { N - 1 - turn };
            let value = measure(side).await?;
            sides[side].add(value);
        }
    }
    Ok(sides)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_of_rounds_lies_between_the_middle_ones() {
        let series: Series = [4.0, 1.0, 3.0, 2.0].into_iter().collect();
        assert_eq!(series.median(), 2.5);
        let spread = Spread {
            min: 1.0,
            q1: 1.75,
            q3: 3.25,
            max: 4.0,
        };
        assert_eq!(series.spread(), spread);
    }

    #[tokio::test]
    async fn sides_take_turns_in_an_order_that_turns_around() {
        let mut order = Vec::new();
        let sides: [Series; 2] = interleaved(2, async |side| {
            order.push(side);
            Ok(side as f64)
        })
        .await
        .unwrap();
        assert_eq!(order, [0, 1, 0, 1, 1, 0]);
        assert_eq!(sides[1].rounds(), 2);
        assert_eq!(sides[1].median(), 1.0);
    }
}
