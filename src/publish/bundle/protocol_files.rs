//! The pipeline and packs as used, in the folder `protocol`.

use std::path::{Component, Path};

use super::NamedFile;
use crate::publish::report::Context;

/// Folder of the files within the report.
const FOLDER: &str = "protocol";

/// Where the text of the pipeline or pack named `file` lies in the report: a
/// pack may be named by a path that leads out of the pipeline's folder.
pub fn stored_name(file: &str) -> String {
    let parts = Path::new(file).components().map(|part| match part {
        Component::Normal(name) => name.to_string_lossy().into_owned(),
        Component::ParentDir => "up".to_owned(),
        Component::CurDir | Component::RootDir | Component::Prefix(_) => "at".to_owned(),
    });
    std::iter::once(FOLDER.to_owned()).chain(parts).collect::<Vec<_>>().join("/")
}

pub(super) fn files(context: &Context<'_>) -> Vec<NamedFile> {
    let texts = context.protocol.texts.iter();
    texts.map(|(file, text)| (stored_name(file), text.clone().into_bytes())).collect()
}

#[cfg(test)]
mod tests {
    use super::stored_name;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let names = ["quarterly.toml", "packs/my.toml", "../../my.toml", "/etc/my.toml"].map(stored_name);
        assert_eq!(
            names,
            ["protocol/quarterly.toml", "protocol/packs/my.toml", "protocol/up/up/my.toml", "protocol/at/etc/my.toml"]
        );
    }
}
