//! What the user typed, and how it becomes a `Protocol`.

use std::path::Path;

use super::codes::CodeLists;
use super::error::{ProtocolError, nearest};
use super::mapping::{Mapping, SOURCE_KINDS, SourceKind};
use super::measure_pack::MOST_DECLARED;
use super::pack::{BUILT_IN_PACKS, PackText};
use super::typed::{Typed, TypedIngest, TypedSource, TypedStudy};
use super::{
    AdverseEventPack, ComorbidityPack, ConditionPack, DisclosureProfile, DrugPack, Expression, FactorSet, IngestLimits,
    Measure, Protocol, SourceEntry, Study, ZipPack,
};
use super::{claim, trend};
use crate::model::calendar::Day;
use crate::model::horizon::{HORIZONS, Horizon};

pub(super) fn read(path: &Path) -> Result<Protocol, ProtocolError> {
    let text = std::fs::read_to_string(path).map_err(|error| ProtocolError::unreadable(path, &error))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let shown = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    Reader { file: &shown, text: &text, folder, packs: &|named| PackText::load(folder, named) }.read()
}

/// The same from texts kept by an earlier run, the pipeline first. Paths are
/// relative to `folder`, where the pipeline stands.
pub(super) fn read_kept(texts: &[(String, String)], folder: &Path) -> Result<Protocol, ProtocolError> {
    let ((file, text), packs) =
        texts.split_first().ok_or_else(|| ProtocolError::new("protocol", "no pipeline was kept"))?;
    let kept = |named: &str| {
        let pack = packs.iter().find(|(file, _)| file == named);
        pack.map(|(file, text)| PackText { file: file.clone(), text: text.clone() })
            .ok_or_else(|| ProtocolError::new(named, "this pack was not kept"))
    };
    Reader { file, text, folder, packs: &kept }.read()
}

/// Where the text came from, for errors and for the paths it names.
struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    folder: &'a Path,
    /// A pack by the name the pipeline gives it.
    packs: &'a dyn Fn(&str) -> Result<PackText, ProtocolError>,
}

impl Reader<'_> {
    fn read(&self) -> Result<Protocol, ProtocolError> {
        let typed =
            toml::from_str(self.text).map_err(|error| ProtocolError::from_toml(self.file, self.text, &error))?;
        self.mean(typed)
    }

    fn mean(&self, typed: Typed) -> Result<Protocol, ProtocolError> {
        self.check_id(&typed.id)?;
        let load = |named: &str| (self.packs)(named);
        let conditions = load(&typed.packs.conditions)?;
        let drugs = load(&typed.packs.drugs)?;
        let factors = load(&typed.packs.factors)?;
        let compared = typed.packs.compare_factors.iter().map(|named| load(named)).collect::<Result<Vec<_>, _>>()?;
        let adverse_events = load(&typed.packs.adverse_events)?;
        let comorbidities = load(&typed.packs.comorbidities)?;
        let zip3 = load(&typed.packs.zip3)?;
        let disclosure = self.profile(&typed.privacy.profile)?;
        let measures = typed.packs.measures.iter().map(|named| load(named)).collect::<Result<Vec<_>, _>>()?;
        let drug_pack = DrugPack::parse(&drugs)?;
        let primary = FactorSet::parse_primary(&factors, &drug_pack)?;
        let study = self.study(&typed.study)?;
        let (all, covariates) = all_measures(&measures)?;
        let (sources, mappings) = self.sources(typed.source)?;
        let codes = CodeLists::new(self.file, typed.codes, &sources)?;
        let trends = trend::Known { file: self.file, text: self.text, measures: &all };
        let claims = claim::Known { file: self.file, text: self.text, measures: &all, primary: study.primary_horizon };
        let protocol = Protocol {
            id: typed.id.into_inner(),
            title: typed.title,
            clinic: typed.clinic,
            basis: typed.privacy.basis,
            assigned_codes: typed.privacy.assigned_codes,
            disclosure: DisclosureProfile::parse(&disclosure)?,
            store: self.folder.join(typed.store.folder),
            reports: self.folder.join(typed.reports.folder),
            own_site: typed.reports.own_site,
            claims: claims.claims(typed.claim)?,
            targets: trends.targets(typed.target)?,
            rebases: trends.rebases(typed.rebase)?,
            paper: typed.reports.paper,
            study,
            ingest: self.limits(&typed.ingest)?,
            sources,
            codes,
            conditions: ConditionPack::parse(&conditions)?,
            compare_factors: self.compared(&compared, &primary, &drug_pack)?,
            factors: primary,
            drugs: drug_pack,
            adverse_events: AdverseEventPack::parse(&adverse_events)?,
            comorbidities: ComorbidityPack::parse(&comorbidities)?,
            zip3: ZipPack::parse(&zip3)?,
            measures: all,
            covariates,
            texts: self.texts(
                [conditions, drugs, factors, adverse_events, comorbidities, zip3, disclosure]
                    .into_iter()
                    .chain(compared)
                    .chain(measures)
                    .chain(mappings),
            ),
        };
        self.check_sources(&protocol.sources)?;
        Ok(protocol)
    }

    fn texts(&self, packs: impl Iterator<Item = PackText>) -> Vec<(String, String)> {
        let pipeline = (self.file.to_owned(), self.text.to_owned());
        std::iter::once(pipeline).chain(packs.map(|pack| (pack.file, pack.text))).collect()
    }

    /// Further sets of factors; a set compared with itself would say nothing.
    fn compared(
        &self,
        packs: &[PackText],
        primary: &FactorSet,
        drugs: &DrugPack,
    ) -> Result<Vec<FactorSet>, ProtocolError> {
        let mut sets: Vec<FactorSet> = Vec::new();
        for pack in packs {
            let set = FactorSet::parse(pack, drugs)?;
            if set.id == primary.id || sets.iter().any(|earlier| earlier.id == set.id) {
                let message = format!("`compare_factors` names the set `{}` twice, or the one of `factors`", set.id);
                return Err(ProtocolError::new(self.file, message).hint("a set of your own needs an `id` of its own"));
            }
            sets.push(set);
        }
        Ok(sets)
    }

    fn at(&self, span: std::ops::Range<usize>, message: String) -> ProtocolError {
        ProtocolError::at(self.file, self.text, span, message)
    }

    /// The id becomes a folder name, so it may not leave the reports folder.
    fn check_id(&self, id: &toml::Spanned<String>) -> Result<(), ProtocolError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if !id.get_ref().is_empty() && id.get_ref().chars().all(plain) {
            return Ok(());
        }
        Err(self
            .at(id.span(), format!("`{}` cannot be a pipeline id", id.get_ref()))
            .hint("use lower-case letters, digits, `-` and `_`"))
    }

    fn profile(&self, named: &str) -> Result<PackText, ProtocolError> {
        let built_in = format!("disclosure-{named}.toml");
        let file = if BUILT_IN_PACKS.iter().any(|pack| pack.file == built_in) { built_in.as_str() } else { named };
        (self.packs)(file).map_err(|_| {
            let profiles =
                BUILT_IN_PACKS.iter().filter_map(|pack| pack.file.strip_prefix("disclosure-")?.strip_suffix(".toml"));
            let error = ProtocolError::new(self.file, format!("unknown disclosure profile `{named}`"));
            match nearest(named, profiles.clone()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint(format!("profiles: {}", profiles.collect::<Vec<_>>().join(", "))),
            }
        })
    }

    fn study(&self, typed: &TypedStudy) -> Result<Study, ProtocolError> {
        let positive = [typed.series_gap_days, typed.induction_gap_days, typed.baseline_days];
        if positive.iter().any(|days| !(1..=3_650).contains(days)) {
            return Err(ProtocolError::new(self.file, "a number of days in [study] is below 1 or above 3650"));
        }
        Ok(Study {
            data_cut: typed.data_cut.as_ref().map(|cut| self.day(cut)).transpose()?,
            research: typed.research,
            series_gap_days: typed.series_gap_days,
            induction_gap_days: typed.induction_gap_days,
            baseline_days: typed.baseline_days,
            primary_horizon: typed.primary_horizon.as_ref().map_or(Ok(HORIZONS[2]), |id| self.horizon(id))?,
        })
    }

    fn day(&self, written: &toml::Spanned<String>) -> Result<Day, ProtocolError> {
        Day::parse_iso(written.get_ref().as_bytes()).ok_or_else(|| {
            self.at(written.span(), "`data_cut` is not a date".to_owned()).hint("write it as \"2026-09-30\"")
        })
    }

    fn horizon(&self, written: &toml::Spanned<String>) -> Result<Horizon, ProtocolError> {
        Horizon::find(written.get_ref()).ok_or_else(|| {
            let ids = HORIZONS.map(|horizon| horizon.id).join(", ");
            self.at(written.span(), format!("unknown horizon `{}`", written.get_ref())).hint(format!("horizons: {ids}"))
        })
    }

    fn limits(&self, typed: &TypedIngest) -> Result<IngestLimits, ProtocolError> {
        if !(0.0..=1.0).contains(&typed.max_reject_share) {
            return Err(ProtocolError::new(self.file, "`max_reject_share` is not between 0 and 1"));
        }
        Ok(IngestLimits {
            max_reject_share: typed.max_reject_share,
            memory_budget: typed.memory_budget_mib.max(1).saturating_mul(1 << 20),
            shared_codes: typed.shared_codes,
        })
    }

    fn sources(&self, typed: Vec<TypedSource>) -> Result<(Vec<SourceEntry>, Vec<PackText>), ProtocolError> {
        let (mut sources, mut mappings) = (Vec::new(), Vec::new());
        for source in typed {
            let kind = self.kind(&source.kind)?;
            let named = source.mapping.as_deref().or(kind.default_mapping);
            let pack = named.map(|named| (self.packs)(named)).transpose()?;
            let pgic_best = source.pgic_best.as_ref().map(|written| self.pgic_best(written)).transpose()?;
            sources.push(SourceEntry {
                pgic_best,
                site: source.site.unwrap_or_else(|| source.name.get_ref().clone()),
                name: source.name.into_inner(),
                kind,
                mapping: pack.as_ref().map_or(Ok(Mapping::None), kind.parse_mapping)?,
                corrections: source.corrections.map(|file| self.folder.join(file)),
                path: self.folder.join(source.path),
                medications: source.medications,
            });
            // Two sources may share one mapping.
            mappings.extend(pack.filter(|pack| mappings.iter().all(|known: &PackText| known.file != pack.file)));
        }
        Ok((sources, mappings))
    }

    fn pgic_best(&self, written: &toml::Spanned<u8>) -> Result<u8, ProtocolError> {
        let best = *written.get_ref();
        if [1, 7].contains(&best) {
            return Ok(best);
        }
        Err(self
            .at(written.span(), "`pgic_best` is neither 1 nor 7".to_owned())
            .hint("it is the answer that means \"very much improved\" on the clinic's form"))
    }

    fn kind(&self, written: &toml::Spanned<String>) -> Result<&'static SourceKind, ProtocolError> {
        SourceKind::find(written.get_ref()).ok_or_else(|| {
            let kinds = SOURCE_KINDS.iter().map(|kind| kind.id).collect::<Vec<_>>().join(", ");
            self.at(written.span(), format!("unknown source kind `{}`", written.get_ref()))
                .hint(format!("kinds: {kinds}"))
        })
    }

    fn check_sources(&self, sources: &[SourceEntry]) -> Result<(), ProtocolError> {
        if sources.is_empty() {
            return Err(ProtocolError::new(self.file, "no [[source]]").hint("name at least one folder of records"));
        }
        for (index, source) in sources.iter().enumerate() {
            let plain = source.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
            if source.name.is_empty() || !plain {
                return Err(ProtocolError::new(self.file, format!("`{}` cannot be a source name", source.name))
                    .hint("use letters, digits, `-` and `_`: it names files in the quarantine"));
            }
            if source.site.trim().is_empty() || source.site == "all" {
                return Err(ProtocolError::new(self.file, format!("`{}` cannot be a site code", source.site))
                    .hint("`all` is the sum over sites in the results"));
            }
            if sources[..index].iter().any(|earlier| earlier.name == source.name) {
                return Err(ProtocolError::new(self.file, format!("two sources are named `{}`", source.name)));
            }
        }
        Ok(())
    }
}

/// Results that are not measures of a pack, in report order after the measures.
pub const BUILT_IN_RESULTS: &[&str] = &[
    "attrition",
    "retention",
    "follow_up_status",
    "pain_reliability",
    "responder_curve",
    "adverse_events_asked",
    "adverse_events_outside",
    "adverse_events",
    "adverse_event_rate",
    "relief_ended",
    "relief_lost",
    "relief_last_seen",
    "relief_curve",
    "relief_soonest_ended",
    "relief_soonest_lost",
    "relief_soonest_curve",
    "relief_first_ended",
    "relief_first_lost",
    "relief_first_retreated",
    "relief_first_last_seen",
    "relief_first_curve",
    "response_by_stratum",
    "opioid_dose_before",
    "opioid_dose_after",
    "mme_reduction_50",
    "mme_reduction_30",
    "mme_cessation",
    "mme_computable",
    "mme_flip",
    "benzodiazepine_change",
    "completeness_pain",
    "completeness_opioids",
    "completeness_phq9",
    "completeness_gad7",
    "data_quality_rows",
    "data_quality_accepted",
    "data_quality_quarantined",
    "data_quality_duplicates",
    "data_quality_rule",
];

fn all_measures(packs: &[PackText]) -> Result<(Vec<Measure>, Vec<Expression>), ProtocolError> {
    let mut measures: Vec<Measure> = Vec::new();
    let mut covariates = Vec::new();
    for pack in packs {
        let parsed = Measure::parse_all(pack)?;
        covariates.extend(parsed.covariates);
        for measure in parsed.measures {
            if BUILT_IN_RESULTS.contains(&measure.id.as_str()) {
                return Err(ProtocolError::new(
                    &pack.file,
                    format!("`{}` is the name of a built-in result", measure.id),
                ));
            }
            if measures.iter().any(|earlier| earlier.id == measure.id) {
                return Err(ProtocolError::new(&pack.file, format!("measure `{}` is defined twice", measure.id)));
            }
            measures.push(measure);
        }
    }
    check_together(&measures)?;
    for position in 0..measures.len() {
        let (id, implied_by) = (measures[position].id.clone(), measures[position].implied_by.clone());
        let others = measures.iter_mut().filter(|other| implied_by.contains(&other.id));
        others.for_each(|other| other.implies.push(id.clone()));
    }
    Ok((measures, covariates))
}

/// What measures say of each other, over all packs.
fn check_together(measures: &[Measure]) -> Result<(), ProtocolError> {
    for (position, measure) in measures.iter().enumerate() {
        let refuse = |message: String| {
            let written = &measure.eligible;
            ProtocolError::on_line(&written.file, written.line, format!("measure `{}` {message}", measure.id))
        };
        let unknown = |id: &&String| !measures.iter().any(|other| other.id == **id);
        if let Some(unknown) = measure.implies.iter().chain(&measure.implied_by).chain(&measure.among).find(unknown) {
            let near = nearest(unknown, measures.iter().map(|measure| measure.id.as_str()));
            let error = refuse(format!("names the unknown measure `{unknown}` in `implies`, `implied_by` or `among`"));
            return Err(match near {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error,
            });
        }
        let before = &measures[..position];
        if let Some(other) = before.iter().find(|other| measure.role.is_some() && other.role == measure.role) {
            return Err(refuse(format!("has the `role` that `{}` has", other.id)));
        }
        if measure.declared && before.iter().filter(|other| other.declared).count() >= MOST_DECLARED {
            return Err(refuse(format!("is `declared` beyond the first {MOST_DECLARED}"))
                .hint("comparisons are declared before the data are seen, and few of them"));
        }
    }
    Ok(())
}
