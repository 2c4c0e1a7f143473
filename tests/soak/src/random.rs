//! Numbers at random, the same ones for the same seed.

use std::hash::{BuildHasher, RandomState};

/// Makes numbers, by splitmix64.
#[derive(Debug)]
pub struct Random(u64);

/// Another one each time.
pub fn seed() -> u64 {
    RandomState::new().hash_one(0)
}

impl Random {
    /// The numbers of one of those who share a seed.
    pub fn new(seed: u64, number: usize) -> Self {
        let mut random = Self(seed);
        let seed = random.next();
        Self(seed ^ number as u64)
    }

    /// The next number below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
