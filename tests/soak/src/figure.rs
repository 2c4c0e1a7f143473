//! Memory over calls, as a drawing.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;

use crate::record::Moment;

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 300.0;
const MARGIN: f64 = 60.0;

/// Draws the moments.
pub fn draw(path: &Path, title: &str, moments: &[Moment]) -> Result<()> {
    let megabytes = |moment: &Moment| moment.footprint.memory as f64 / f64::from(1 << 20);
    let calls = moments.last().map_or(1, |moment| moment.calls.max(1)) as f64;
    let most = moments.iter().map(megabytes).fold(1.0, f64::max) * 1.1;
    let points = moments.iter().fold(String::new(), |mut points, moment| {
        let x = MARGIN + moment.calls as f64 / calls * WIDTH;
        let y = MARGIN + HEIGHT - megabytes(moment) / most * HEIGHT;
        let _ = write!(points, "{x:.1},{y:.1} ");
        points
    });
    let (width, height) = (WIDTH + 2.0 * MARGIN, HEIGHT + 2.0 * MARGIN);
    let (right, bottom) = (MARGIN + WIDTH, MARGIN + HEIGHT);
    let text = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">
<rect width="{width}" height="{height}" fill="#fff"/>
<text x="{MARGIN}" y="30" font-size="16">{title}</text>
<path d="M{MARGIN} {MARGIN}V{bottom}H{right}" fill="none" stroke="#444"/>
<text x="{MARGIN}" y="{label}" text-anchor="middle">0</text>
<text x="{right}" y="{label}" text-anchor="end">{calls} calls</text>
<text x="{left}" y="{bottom}" text-anchor="end">0</text>
<text x="{left}" y="{MARGIN}" text-anchor="end" dominant-baseline="hanging">{most:.0} MiB</text>
<polyline points="{points}" fill="none" stroke="#06c" stroke-width="2"/>
</svg>
"##,
        label = bottom + 20.0,
        left = MARGIN - 6.0,
    );
    std::fs::write(path, text)?;
    Ok(())
}
