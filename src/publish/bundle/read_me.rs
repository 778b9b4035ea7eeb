//! `README.md` of the folder and `rerun.sh`: how to read it and how to get it
//! again.

use super::methods::plain;
use crate::publish::report::Context;
use crate::publish::results::Released;

/// What holds for every run.
const TEXT: &str = include_str!("read_me.md");

/// `rerun.sh`.
pub(super) const RERUN: &str = include_str!("rerun.sh");

/// The file's text.
pub(super) fn markdown(released: &Released, context: &Context<'_>) -> Vec<u8> {
    let protocol = context.protocol;
    let profile = released.profile();
    let cut = context.data_cut.map_or_else(|| "the last day seen at each site".to_owned(), |day| day.to_string());
    let banner = if profile.banner.is_empty() { String::new() } else { format!("\n**{}**\n", plain(&profile.banner)) };
    format!(
        "# {}: {}\n{banner}\nData to {cut}; snapshot `{}`; {} {}; disclosure profile {} (version {}).\n\n{TEXT}",
        plain(&protocol.clinic),
        plain(&protocol.title),
        context.snapshot,
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION"),
        profile.id,
        profile.version
    )
    .into_bytes()
}
