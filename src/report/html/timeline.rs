//! The start of a container as a picture, to scale.

use crate::finding::Timeline;
use std::fmt::Write as _;

/// Units of the picture: its width, what is kept free at both ends, and its height.
const WIDTH: f64 = 640.0;
const MARGIN: f64 = 12.0;
const HEIGHT: f64 = 64.0;
/// Where the axis lies.
const AXIS: f64 = 24.0;
/// Checks that are drawn one by one; more would be a line.
const MAX_CHECKS: u64 = 120;

/// Draws checks, the time in which the container is killed, and when its program would be ready.
pub(super) fn draw(timeline: &Timeline, page: &mut String) {
    let earliest = timeline.earliest_kill;
    let latest = timeline.latest_kill.max(earliest);
    let end = latest.max(timeline.needed.unwrap_or(0)).max(1) as f64;
    let x = |seconds: u64| MARGIN + seconds as f64 / end * (WIDTH - 2.0 * MARGIN);
    let mut said = format!("{} kills from {earliest} s on", timeline.probe);
    if latest > earliest {
        let _ = write!(said, ", at {latest} s at the latest");
    }
    if let Some(needed) = timeline.needed {
        let _ = write!(said, "; ready after about {needed} s");
    }
    let _ = writeln!(page, "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\"><title>{said}</title>");
    let _ = writeln!(
        page,
        "<line class=\"axis\" x1=\"{:.1}\" y1=\"{AXIS}\" x2=\"{:.1}\" y2=\"{AXIS}\"/>",
        MARGIN,
        WIDTH - MARGIN
    );
    let _ = writeln!(
        page,
        "<rect class=\"kill\" x=\"{:.1}\" y=\"{}\" width=\"{:.1}\" height=\"20\"/><rect class=\"kills\" x=\"{:.1}\" y=\"{}\" width=\"3\" height=\"20\"/>",
        x(earliest),
        AXIS - 10.0,
        (x(latest) - x(earliest)).max(3.0),
        x(earliest),
        AXIS - 10.0
    );
    let checks = (0..timeline.checks.min(MAX_CHECKS))
        .map_while(|nth| timeline.first_check.checked_add(nth.checked_mul(timeline.period.max(1))?))
        .take_while(|at| *at <= latest);
    for at in checks {
        let _ = writeln!(page, "<circle class=\"check\" cx=\"{:.1}\" cy=\"{AXIS}\" r=\"3\"/>", x(at));
    }
    if let Some(needed) = timeline.needed {
        let at = x(needed);
        let _ = writeln!(page, "<path class=\"ready\" d=\"M{:.1} {AXIS}l7 -7l7 7l-7 7z\"/>", at - 7.0);
    }
    let _ = writeln!(page, "<text x=\"{MARGIN}\" y=\"{}\">{said}</text>\n</svg>", HEIGHT - 8.0);
}
