//! Laws of a release, and attackers who try to break them.

mod attacker;
mod carried;
mod cohort;
mod combination;
mod derived;
mod elimination;
mod files;
mod laws;
mod part_of;
mod release;
mod same_people;
