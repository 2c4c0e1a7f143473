//! The allocator of the programs, once and optimised: a program that knows this crate (`use koi_allocator as _;`) has it.
//!
//! It is in a crate of its own since each allocation of any crate goes through code that is compiled with it,
//! and the programs themselves are not optimised.

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;
