//! Newton's method on logarithms inside a shrinking bracket: it cannot leave, or loop.

/// How far a point overshoots the root.
pub(crate) struct Residual {
    /// Positive when the point is above the root, in log-probability.
    pub(crate) excess: f64,
    /// Derivative of the excess with respect to ln x; positive.
    pub(crate) slope: f64,
}

/// The root of a residual that increases with x, for x > 0 between two positive bounds.
///
/// ln tail is close to linear in ln x, so a few steps suffice for roots from 1e-300 up.
/// A step that leaves the bracket, or is not a number, becomes a bisection of ln x, which
/// alone closes the widest bracket within 70 steps of the cap.
pub(crate) fn solve_in_logs(bounds: (f64, f64), start: f64, residual: impl Fn(f64) -> Residual) -> f64 {
    let (mut low, mut high) = bounds;
    let mut x = start.clamp(low, high);
    for _ in 0..200 {
        let Residual { excess, slope } = residual(x);
        if excess > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let step = -excess / slope;
        let newton = x * step.exp();
        if newton > low && newton < high {
            x = newton;
            // The next step would be its square times at most the root of the shapes.
            if step.abs() < 1e-9 {
                break;
            }
        } else {
            if step.abs() < 1e-15 || high <= low * (1.0 + 4e-16) {
                break;
            }
            x = low.sqrt() * high.sqrt();
        }
    }
    x
}
