//! The smallest image and sound there are, for whatever shows media.

use koi_extension::Content;

/// One red pixel.
pub const PNG: &[u8] = include_bytes!("../assets/red.png");
/// A millisecond of silence.
const WAV: &[u8] = include_bytes!("../assets/silence.wav");

/// The pixel as content.
pub fn image() -> Content {
    Content::image("image/png", PNG)
}

/// The silence as content.
pub fn audio() -> Content {
    Content::audio("audio/wav", WAV)
}
