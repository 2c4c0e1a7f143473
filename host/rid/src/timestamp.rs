//! Points in time as manifests have them.
//!
//! The canonical text is `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`: six fraction digits, or none when they
//! are zero. An offset other than zero is kept as `+hh:mm`, as peers do. Any spelling that the
//! reference accepts is canonicalised, fractions truncated to microseconds; a time without an
//! offset is refused, because it stops a Python node that compares it.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::{Date, Month, OffsetDateTime, Time};

/// Longest spelling that is read, in bytes.
const MAX_TEXT_BYTES: usize = 64;

/// Numbers beyond this are milliseconds since 1970, up to it seconds.
const MAX_SECONDS: f64 = 2e10;

/// The first microsecond of the year 1.
const FIRST_MICROS: i64 = -62_135_596_800_000_000;

/// The last microsecond of the year 9999.
const LAST_MICROS: i64 = 253_402_300_799_999_999;

/// Why a text is no timestamp.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    /// Not of an accepted form, or no such day or time.
    #[error("{0:?} is no timestamp: write it as 2026-01-31T23:59:59.000001Z")]
    Invalid(String),
    /// Without `Z` or an offset, so that nobody knows which instant is meant.
    #[error("{0:?} has no time zone: append Z or an offset")]
    Naive(String),
}

/// A point in time, to the microsecond. Equality and order are those of the instant: the same
/// instant at two offsets is equal though its texts differ.
#[derive(Clone, Copy)]
pub struct Timestamp {
    micros: i64,
    /// The canonical text, in the first `length` bytes.
    text: [u8; 32],
    length: u8,
}

impl Timestamp {
    /// The present.
    pub fn now() -> Timestamp {
        let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
            Err(_) => 0,
        };
        Timestamp::from_micros(micros)
    }

    /// Microseconds since 1970, in UTC. Beyond the years 1 to 9999 it is the nearest end of them.
    pub fn from_micros(micros: i64) -> Timestamp {
        let micros = micros.clamp(FIRST_MICROS, LAST_MICROS);
        Timestamp::new(micros, 0)
    }

    fn new(micros: i64, offset_minutes: i64) -> Timestamp {
        let local = micros + offset_minutes * 60_000_000;
        let at = OffsetDateTime::from_unix_timestamp(local.div_euclid(1_000_000))
            .unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let mut text = format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
        );
        let fraction = local.rem_euclid(1_000_000);
        if fraction != 0 {
            text.push_str(&format!(".{fraction:06}"));
        }
        if offset_minutes == 0 {
            text.push('Z');
        } else {
            let sign = if offset_minutes < 0 { '-' } else { '+' };
            let minutes = offset_minutes.abs();
            text.push_str(&format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60));
        }
        let mut bytes = [0; 32];
        let length = text.len().min(bytes.len());
        bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
        Timestamp {
            micros,
            text: bytes,
            length: length as u8,
        }
    }

    /// Reads any spelling that the reference accepts, seconds or milliseconds since 1970 included.
    pub fn parse(text: &str) -> Result<Timestamp, TimestampError> {
        let shortened = || text.chars().take(MAX_TEXT_BYTES).collect();
        if text.len() > MAX_TEXT_BYTES {
            return Err(TimestampError::Invalid(shortened()));
        }
        match Fields::parse(text) {
            Some(Fields {
                local_micros,
                offset_minutes: Some(offset),
            }) => Ok(Timestamp::new(local_micros - offset * 60_000_000, offset)),
            Some(_) => Err(TimestampError::Naive(shortened())),
            None => since_epoch(text).ok_or_else(|| TimestampError::Invalid(shortened())),
        }
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.text[..usize::from(self.length)]).unwrap_or_default()
    }

    /// Microseconds since 1970 in UTC.
    pub fn to_micros(&self) -> i64 {
        self.micros
    }
}

/// A date and time as written.
struct Fields {
    local_micros: i64,
    /// `None` if it was not told.
    offset_minutes: Option<i64>,
}

impl Fields {
    /// `YYYY-MM-DD`, or with a time `hh:mm[:ss[.f…]]` and an offset.
    fn parse(text: &str) -> Option<Fields> {
        let mut reader = Reader(text);
        let year = i32::try_from(reader.digits(4)?)
            .ok()
            .filter(|year| *year > 0)?;
        reader.one_of(&['-'])?;
        let month = Month::try_from(u8::try_from(reader.digits(2)?).ok()?).ok()?;
        reader.one_of(&['-'])?;
        let day = u8::try_from(reader.digits(2)?).ok()?;
        let date = Date::from_calendar_date(year, month, day).ok()?;
        let (time, micros, offset_minutes) = if reader.0.is_empty() {
            (Time::MIDNIGHT, 0, None)
        } else {
            reader.one_of(&['T', 't', ' ', '_'])?;
            let (time, micros) = reader.time()?;
            (time, micros, reader.offset()?)
        };
        let seconds = date.with_time(time).assume_utc().unix_timestamp();
        Some(Fields {
            local_micros: seconds * 1_000_000 + micros,
            offset_minutes,
        })
    }
}

struct Reader<'a>(&'a str);

impl Reader<'_> {
    fn digits(&mut self, count: usize) -> Option<u32> {
        let digits = self.0.get(..count)?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.0 = &self.0[count..];
        digits.parse().ok()
    }

    fn one_of(&mut self, chars: &[char]) -> Option<char> {
        let char = self.0.chars().next().filter(|char| chars.contains(char))?;
        self.0 = &self.0[char.len_utf8()..];
        Some(char)
    }

    /// The time to the second, and microseconds.
    fn time(&mut self) -> Option<(Time, i64)> {
        let hour = self.digits(2)?;
        self.one_of(&[':'])?;
        let minute = self.digits(2)?;
        let mut second = 0;
        let mut micros = 0;
        if self.one_of(&[':']).is_some() {
            second = self.digits(2)?;
            if self.one_of(&['.', ',']).is_some() {
                micros = self.fraction()?;
            }
        }
        let byte = |number| u8::try_from(number).ok();
        let time = Time::from_hms(byte(hour)?, byte(minute)?, byte(second)?).ok()?;
        Some((time, micros))
    }

    /// One digit or more; those after the sixth are cut off.
    fn fraction(&mut self) -> Option<i64> {
        let length = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        let kept = &digits[..length.min(6)];
        let value: i64 = kept.parse().ok()?;
        Some(value * 10_i64.pow(6 - kept.len() as u32))
    }

    /// Up to the end: `Z`, `+hh:mm`, `+hhmm`, or nothing.
    fn offset(&mut self) -> Option<Option<i64>> {
        if self.0.is_empty() {
            return Some(None);
        }
        let minutes = match self.one_of(&['Z', 'z', '+', '-', '\u{2212}'])? {
            'Z' | 'z' => 0,
            sign => {
                let hours = self.digits(2).filter(|hours| *hours < 24)?;
                self.one_of(&[':']);
                let minutes = self.digits(2).filter(|minutes| *minutes < 60)?;
                let offset = i64::from(hours * 60 + minutes);
                if sign == '+' { offset } else { -offset }
            }
        };
        self.0.is_empty().then_some(Some(minutes))
    }
}

/// Seconds since 1970, or milliseconds if the number is large. Whole and fraction are converted
/// apart, since a double does not hold microseconds that far from 1970.
fn since_epoch(text: &str) -> Option<Timestamp> {
    let number: f64 = text
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())?;
    let unit = if number.abs() > MAX_SECONDS {
        1_000
    } else {
        1_000_000
    };
    let whole = number.floor();
    let micros = (whole as i64)
        .checked_mul(unit)?
        .checked_add(((number - whole) * unit as f64).round() as i64)?;
    (FIRST_MICROS..=LAST_MICROS)
        .contains(&micros)
        .then(|| Timestamp::new(micros, 0))
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        self.micros == other.micros
    }
}

impl Eq for Timestamp {}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timestamp {
    fn cmp(&self, other: &Self) -> Ordering {
        self.micros.cmp(&other.micros)
    }
}

impl Hash for Timestamp {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.micros.hash(state);
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Timestamp::parse(text)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::parse(&text).map_err(de::Error::custom)
    }
}
