//! Inputs near those of the corpus, the same ones each time.

/// Longer inputs are cut: what only shows in long ones is for the tests of the bounds.
const MAX_BYTES: usize = 64 << 10;

/// Bytes that mean something to one of the targets.
const MEANINGFUL: &[u8] = b"{}[]\":,.*/=\\@-+0179eEnulltrue\0\x7f\x80\xff ";

/// Makes inputs out of others.
#[derive(Debug)]
pub struct Mutations<'a> {
    corpus: &'a [Vec<u8>],
    state: u64,
}

impl<'a> Mutations<'a> {
    /// Of this corpus, which must not be empty, by this seed.
    #[must_use]
    pub fn new(corpus: &'a [Vec<u8>], seed: u64) -> Self {
        Self {
            corpus,
            state: seed | 1,
        }
    }

    /// The next number below `bound`, by xorshift.
    fn below(&mut self, bound: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 16).unwrap_or_default() % bound.max(1)
    }

    fn mutate(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        match self.below(6) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 if at < input.len() => input[at] = MEANINGFUL[self.below(MEANINGFUL.len())],
            2 => input.insert(at, MEANINGFUL[self.below(MEANINGFUL.len())]),
            3 => {
                let end = (at + self.below(16)).min(input.len());
                input.drain(at..end);
            }
            4 => {
                let end = (at + self.below(64)).min(input.len());
                let part = input[at..end].repeat(1 + self.below(3));
                input.splice(at..at, part);
            }
            _ => {
                let other = &self.corpus[self.below(self.corpus.len())];
                let from = self.below(other.len() + 1);
                let end = (from + self.below(128)).min(other.len());
                input.splice(at..at, other[from..end].iter().copied());
            }
        }
    }
}

impl Iterator for Mutations<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut input = self.corpus[self.below(self.corpus.len())].clone();
        for _ in 0..=self.below(4) {
            self.mutate(&mut input);
        }
        input.truncate(MAX_BYTES);
        Some(input)
    }
}
