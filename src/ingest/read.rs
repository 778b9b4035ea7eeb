//! Reads a file: one thread fetches blocks, all threads read them, and what
//! they found is handed over in file order, whatever the number of threads.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, IntoParallelRefMutIterator, ParallelIterator};

use super::blocks::{Block, Blocks};
use super::error::IngestError;
use super::plan::PlannedFile;
use super::record::{Buffers, Records};

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

/// Reads the records of a file: for each block `begin` and then
/// `work` on any thread, and `take` on this one, in order. Returns the SHA-256
/// of the original.
pub(super) fn read_file<T: Send>(
    file: &PlannedFile,
    meter: &mut Meter<'_>,
    begin: impl Fn() -> T + Sync,
    work: impl Fn(&mut T, &Records<'_>) -> Result<(), IngestError> + Sync,
    mut take: impl FnMut(T) -> Result<(), IngestError>,
) -> Result<String, IngestError> {
    let work = |(block, buffers): (Block, &mut Buffers)| {
        let mut found = begin();
        for strip in block.strips() {
            strip.check_utf8(&file.path)?;
            let records = match file.staged {
                Some(_) => Records::split_staged(strip.bytes, block.quoted, file.layout.width, buffers),
                None => Records::split(strip.bytes, strip.first_line, block.quoted, buffers),
            };
            work(&mut found, &records)?;
        }
        Ok((found, block.bytes))
    };
    let wave = 2 * rayon::current_num_threads();
    let mut buffers: Vec<Buffers> = (0..wave).map(|_| Buffers::default()).collect();
    let mut stored = 0;
    let digest = thread::scope(|scope| {
        let (sender, receiver) = sync_channel(wave);
        let (give_back, done_with) = channel();
        let fetcher = scope.spawn(move || fetch(file, &sender, &done_with));
        let mut blocks = next_wave(&receiver, wave);
        while let Some(last) = blocks.last() {
            stored = last.stored;
            let found: Vec<Result<_, IngestError>> =
                blocks.into_par_iter().zip(buffers.par_iter_mut()).map(work).collect();
            found.into_iter().try_for_each(|found| hand_over(found?, &mut take, &give_back))?;
            meter.show(stored);
            blocks = next_wave(&receiver, wave);
        }
        fetcher.join().expect("fetching does not panic")
    })?;
    meter.before += stored;
    Ok(digest)
}

fn hand_over<T>(
    (found, bytes): (T, Vec<u8>),
    take: &mut impl FnMut(T) -> Result<(), IngestError>,
    give_back: &Sender<Vec<u8>>,
) -> Result<(), IngestError> {
    // Nobody takes it back once the file has ended, which is no loss.
    let _ = give_back.send(bytes);
    take(found)
}

fn next_wave(receiver: &Receiver<Block>, wave: usize) -> Vec<Block> {
    receiver.iter().take(wave).collect()
}

fn fetch(file: &PlannedFile, sender: &SyncSender<Block>, done_with: &Receiver<Vec<u8>>) -> Result<String, IngestError> {
    let mut blocks = Blocks::open(&file.path, file.staged.as_ref())?;
    blocks.header()?;
    while let Some(block) = blocks.next()? {
        if sender.send(block).is_err() {
            // The reader has met an error, which is the one to report.
            break;
        }
        for bytes in done_with.try_iter() {
            blocks.recycle(bytes);
        }
    }
    blocks.finish()
}
