//! What the node and the process that compiles say to each other.
//!
//! The node writes [`Order`] and the component to the process's standard input, and keeps it open for
//! as long as it wants an answer. The process writes one byte, [`CODE`] or [`REFUSED`], and what
//! belongs to it to its standard output, and ends.

/// What follows is compiled code.
pub(super) const CODE: u8 = 0;

/// What follows is a sentence about what is wrong with the component.
pub(super) const REFUSED: u8 = 1;

/// The exit status that tells that there was not enough memory.
pub(super) const OUT_OF_MEMORY: u8 = 3;

/// What comes before the component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    /// CPU time in seconds.
    pub(super) cpu: u64,
    /// Bytes of address space.
    pub(super) memory: u64,
    /// Bytes of the component.
    pub(super) length: u64,
    /// Whether the code counts instructions.
    pub(super) fuel: bool,
}

impl Order {
    pub(super) const BYTES: usize = 32;

    pub(super) fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        for (part, number) in
            bytes
                .chunks_exact_mut(8)
                .zip([self.cpu, self.memory, self.length, self.fuel.into()])
        {
            part.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    pub(super) fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let mut numbers = bytes.chunks_exact(8).map(|part| {
            part.iter()
                .rev()
                .fold(0, |number, byte| number << 8 | u64::from(*byte))
        });
        let mut next = || numbers.next().unwrap_or_default();
        Self {
            cpu: next(),
            memory: next(),
            length: next(),
            fuel: next() != 0,
        }
    }
}
