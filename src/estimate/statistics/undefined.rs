//! Why a statistic has no value, in words a reader of the report understands.

use std::fmt;

/// The reason a statistic cannot be given.
///
/// A reason is a value rather than a NaN: arithmetic believes a NaN until it reaches a
/// page, and a reader can act on "one observation" but not on an empty cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Undefined {
    /// There is nothing to summarise.
    NoObservations,
    /// One observation shows no spread.
    OneObservation,
    /// More observations are needed than there are.
    TooFewObservations,
    /// Every observation has the same value.
    ZeroVariance,
    /// Every paired difference is zero, so no rank carries a sign.
    AllDifferencesZero,
    /// There are more events than observations.
    EventsExceedTotal,
    /// The confidence level does not lie strictly between 0 and 1.
    LevelOutsideRange,
    /// A probability or proportion does not lie between 0 and 1.
    ProbabilityOutsideRange,
    /// A parameter of a distribution is not positive and finite.
    ParameterOutsideRange,
    /// A value is not a number, infinite, or too large to compute with.
    ValueOutsideRange,
    /// The two sides of a pairing differ in length.
    UnequalLengths,
    /// There is no exposure to divide by.
    NoExposure,
    /// Fewer groups than the method needs.
    TooFewGroups,
    /// Every outcome is a success or every outcome is a failure.
    OneOutcomeOnly,
    /// A table needs two rows and two columns that are not all zero.
    EmptyTable,
    /// The exact method would take too long; use the approximate one.
    TooLargeForExact,
    /// All bootstrap replicates are identical or lie on one side of the estimate.
    DegenerateBootstrap,
    /// Fewer than the number of replicates a quantile needs.
    TooFewReplicates,
    /// The curve never comes down to the level asked for.
    NotReached,
    /// The curve has come down to zero, where its variance is unknown.
    SurvivalZero,
    /// Nobody was lost to follow-up, so nothing depends on them.
    NobodyLost,
    /// Whatever became of the lost, the conclusion would be the same.
    OutOfReach,
}

impl Undefined {
    /// A stable `snake_case` word for the `reason` column of the results table.
    ///
    /// ```
    /// use relief::estimate::statistics::Undefined;
    /// assert_eq!(Undefined::NoObservations.code(), "no_observations");
    /// ```
    pub fn code(self) -> &'static str {
        match self {
            Self::NoObservations => "no_observations",
            Self::OneObservation => "one_observation",
            Self::TooFewObservations => "too_few_observations",
            Self::ZeroVariance => "zero_variance",
            Self::AllDifferencesZero => "all_differences_zero",
            Self::EventsExceedTotal => "events_exceed_total",
            Self::LevelOutsideRange => "level_outside_range",
            Self::ProbabilityOutsideRange => "probability_outside_range",
            Self::ParameterOutsideRange => "parameter_outside_range",
            Self::ValueOutsideRange => "value_outside_range",
            Self::UnequalLengths => "unequal_lengths",
            Self::NoExposure => "no_exposure",
            Self::TooFewGroups => "too_few_groups",
            Self::OneOutcomeOnly => "one_outcome_only",
            Self::EmptyTable => "empty_table",
            Self::TooLargeForExact => "too_large_for_exact",
            Self::DegenerateBootstrap => "degenerate_bootstrap",
            Self::TooFewReplicates => "too_few_replicates",
            Self::NotReached => "not_reached",
            Self::SurvivalZero => "survival_zero",
            Self::NobodyLost => "nobody_lost",
            Self::OutOfReach => "out_of_reach",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::NoObservations => "there are no observations",
            Self::OneObservation => "one observation shows no spread",
            Self::TooFewObservations => "there are too few observations for this statistic",
            Self::ZeroVariance => "all observations have the same value",
            Self::AllDifferencesZero => "no patient changed, so there is nothing to rank",
            Self::EventsExceedTotal => "there are more events than observations",
            Self::LevelOutsideRange => "the confidence level is not between 0 and 1",
            Self::ProbabilityOutsideRange => "a probability is not between 0 and 1",
            Self::ParameterOutsideRange => "a parameter is not positive and finite",
            Self::ValueOutsideRange => "a value is not a number that can be computed with",
            Self::UnequalLengths => "the paired series differ in length",
            Self::NoExposure => "there is no exposure time",
            Self::TooFewGroups => "there are too few groups to compare",
            Self::OneOutcomeOnly => "every outcome is the same",
            Self::EmptyTable => "fewer than two rows or columns have counts",
            Self::TooLargeForExact => "the exact method would take too long at this size",
            Self::DegenerateBootstrap => "the resampled values do not vary around the estimate",
            Self::TooFewReplicates => "there are too few bootstrap replicates",
            Self::NotReached => "not reached within follow-up",
            Self::SurvivalZero => "nobody at risk is left, so the uncertainty is unknown",
            Self::NobodyLost => "nobody was lost, so nothing depends on the lost",
            Self::OutOfReach => "not established, whatever became of the lost",
        }
    }
}

impl fmt::Display for Undefined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl std::error::Error for Undefined {}
