//! What Typst compiles in: the engine's world, with the functions that mark the
//! first cell of a row as its heading.

use typst::diag::FileResult;
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, Source};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Feature, Library, LibraryExt, World};
use typst_as_lib::TypstWorld;

/// The engine builds its library without features; everything else is its own.
pub(super) struct Accessible<'w> {
    engine: &'w TypstWorld<'w>,
    library: LazyHash<Library>,
}

impl<'w> Accessible<'w> {
    pub(super) fn over(engine: &'w TypstWorld<'w>) -> Self {
        let library = Library::builder().with_features([Feature::A11yExtras].into_iter().collect()).build();
        Self { engine, library: LazyHash::new(library) }
    }
}

impl World for Accessible<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.engine.book()
    }

    fn main(&self) -> FileId {
        self.engine.main()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        self.engine.source(id)
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.engine.file(id)
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.engine.font(index)
    }

    /// No clock: the same rows give the same bytes.
    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}
