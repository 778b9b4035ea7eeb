//! Reads a file: one thread fetches blocks, all threads read them, and what
//! they found is handed over in file order, whatever the number of threads.

use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::blocks::{Block, Blocks, check_utf8};
use super::error::IngestError;
use super::record::Records;

/// How far an ingest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of input read.
    pub done: u64,
    /// Bytes of input in all.
    pub total: u64,
}

/// Tells the caller how far it is.
pub(super) struct Meter<'a> {
    before: u64,
    total: u64,
    report: &'a mut dyn FnMut(Progress),
}

impl<'a> Meter<'a> {
    pub(super) fn new(total: u64, report: &'a mut dyn FnMut(Progress)) -> Self {
        Self { before: 0, total, report }
    }

    fn show(&mut self, in_file: u64) {
        (self.report)(Progress { done: self.before + in_file, total: self.total });
    }
}

/// Reads the records of the file at `path`: `work` on any thread, `take` on
/// this one, in order. Returns the SHA-256 of the file.
pub(super) fn read_file<T: Send>(
    path: &Path,
    meter: &mut Meter<'_>,
    work: impl Fn(&Records<'_>) -> Result<T, IngestError> + Sync,
    mut take: impl FnMut(T) -> Result<(), IngestError>,
) -> Result<String, IngestError> {
    let work = |block: Block| {
        check_utf8(path, &block)?;
        work(&Records::split(&block.bytes, block.first_line, block.quoted))
    };
    let wave = 2 * rayon::current_num_threads();
    let mut stored = 0;
    let digest = thread::scope(|scope| {
        let (sender, receiver) = sync_channel(wave);
        let fetcher = scope.spawn(move || fetch(path, &sender));
        let mut blocks = next_wave(&receiver, wave);
        while let Some(last) = blocks.last() {
            stored = last.stored;
            let found: Vec<_> = blocks.into_par_iter().map(work).collect();
            found.into_iter().try_for_each(|found| take(found?))?;
            meter.show(stored);
            blocks = next_wave(&receiver, wave);
        }
        fetcher.join().expect("fetching does not panic")
    })?;
    meter.before += stored;
    Ok(digest)
}

fn next_wave(receiver: &Receiver<Block>, wave: usize) -> Vec<Block> {
    receiver.iter().take(wave).collect()
}

fn fetch(path: &Path, sender: &std::sync::mpsc::SyncSender<Block>) -> Result<String, IngestError> {
    let mut blocks = Blocks::open(path)?;
    blocks.header()?;
    while let Some(block) = blocks.next()? {
        if sender.send(block).is_err() {
            // The reader has met an error, which is the one to report.
            break;
        }
    }
    blocks.finish()
}
