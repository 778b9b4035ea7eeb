//! Vocabulary: the words every later stage uses, with their arithmetic.
//!
//! Nothing here reads a file. Scores are whole tenths and opioid doses whole
//! fractions, because a threshold such as "30 % less pain" must be decided
//! exactly: 7.0 → 4.9 is 30 %, and every natural `f64` comparison says no.

pub mod attrition;
pub mod calendar;
pub mod column_guide;
pub mod horizon;
pub mod instrument;
pub mod opioid;
pub mod pain;
pub mod patient;
pub mod reject;
pub mod table;
pub mod vocabulary;
