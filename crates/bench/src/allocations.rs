//! The allocator of this program, which counts the calls of the system's allocator.
#![expect(unsafe_code, reason = "a global allocator cannot be written without it")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

/// The system's allocator with counters. A reallocation counts as an allocation.
pub(crate) struct Counting;

static ON: AtomicBool = AtomicBool::new(false);
static CALLS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicI64 = AtomicI64::new(0);

/// Allocations on all threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Allocations {
    pub(crate) calls: u64,
    pub(crate) bytes: u64,
    /// Allocated minus freed bytes.
    pub(crate) live: i64,
}

/// Runs `work` and counts its allocations. Only one call may run at a time.
pub(crate) fn count<T>(work: impl FnOnce() -> T) -> (T, Allocations) {
    CALLS.store(0, Relaxed);
    BYTES.store(0, Relaxed);
    LIVE.store(0, Relaxed);
    ON.store(true, Relaxed);
    let result = work();
    ON.store(false, Relaxed);
    let (calls, bytes) = (CALLS.load(Relaxed), BYTES.load(Relaxed));
    (result, Allocations { calls, bytes, live: LIVE.load(Relaxed) })
}

#[cold]
fn note(allocated: usize, freed: usize) {
    if allocated > 0 {
        CALLS.fetch_add(1, Relaxed);
        BYTES.fetch_add(allocated as u64, Relaxed);
    }
    LIVE.fetch_add(allocated as i64 - freed as i64, Relaxed);
}

// SAFETY: every call is passed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if ON.load(Relaxed) {
            note(layout.size(), 0);
        }
        // SAFETY: the caller upholds the contract of the system's allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if ON.load(Relaxed) {
            note(layout.size(), 0);
        }
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if ON.load(Relaxed) {
            note(size, layout.size());
        }
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if ON.load(Relaxed) {
            note(0, layout.size());
        }
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allocated_and_live_bytes_are_counted() {
        let (kept, counted) = count(|| {
            drop(std::hint::black_box(vec![0u8; 100]));
            std::hint::black_box(vec![1u8; 1 << 20])
        });
        // Other tests allocate at the same time, but less.
        assert!(counted.calls >= 2 && counted.bytes >= (1 << 20) + 100, "{counted:?}");
        assert!(counted.live >= 1 << 19, "{counted:?}");
        drop(kept);
    }
}
