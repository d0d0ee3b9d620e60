//! The start of a container in one line, to scale: checks, kill, and when the program would be
//! ready.

use crate::finding::Timeline;
use anstyle::{AnsiColor, Style};

/// Columns of a line, less those of the longest prefix: `     = start: ├`.
const ROOM: usize = 80 - 15;

/// Draws the timeline, with terminal styles: `├•───•───✗┄✗·······◆`, then a legend.
#[must_use]
pub fn draw(timeline: &Timeline) -> String {
    let bad = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    let good = Style::new().bold().fg_color(Some(AnsiColor::Green.into()));
    let earliest = timeline.earliest_kill;
    let latest = timeline.latest_kill.max(earliest);
    let legend = legend(timeline, bad, good);
    let columns = ROOM.saturating_sub(anstream::adapter::strip_str(&legend).to_string().chars().count()).clamp(12, 32);
    let axis = Axis { last: columns as u128 - 1, end: latest.max(timeline.needed.unwrap_or(0)).max(1).into() };
    let (first_kill, last_kill) = (axis.column(earliest), axis.column(latest));
    let ready = timeline.needed.map(|needed| axis.column(needed));

    let mut line = String::from("├");
    for at in 0..columns {
        if ready == Some(at) {
            line.push_str(&format!("{good}◆{good:#}"));
        } else if at == first_kill || at == last_kill {
            line.push_str(&format!("{bad}✗{bad:#}"));
        } else if at > first_kill && at < last_kill {
            line.push_str(&format!("{bad}┄{bad:#}"));
        } else if at > last_kill {
            line.push('·');
        } else if axis.checked(timeline, at) {
            line.push('•');
        } else {
            line.push('─');
        }
    }
    line + &legend
}

fn legend(timeline: &Timeline, bad: Style, good: Style) -> String {
    let mut legend = format!("  • check  {bad}✗{bad:#} killed {}", timeline.earliest_kill);
    if timeline.latest_kill > timeline.earliest_kill {
        legend.push_str(&format!("–{}", timeline.latest_kill));
    }
    legend.push('s');
    if let Some(needed) = timeline.needed {
        legend.push_str(&format!("  {good}◆{good:#} ready ~{needed}s"));
    }
    legend
}

/// Seconds to columns. By arithmetic of 128 bits: thresholds and periods may be absurd.
struct Axis {
    /// The last column.
    last: u128,
    /// Its second.
    end: u128,
}

impl Axis {
    fn column(&self, seconds: u64) -> usize {
        ((2 * u128::from(seconds) * self.last + self.end) / (2 * self.end)) as usize
    }

    /// Whether a check falls into a column.
    fn checked(&self, timeline: &Timeline, column: usize) -> bool {
        // The column's first second, and the one after its last.
        let at = column as u128;
        let from = ((2 * at).saturating_sub(1) * self.end).div_ceil(2 * self.last);
        let to = ((2 * at + 1) * self.end).div_ceil(2 * self.last);
        let (first, period) = (u128::from(timeline.first_check), u128::from(timeline.period.max(1)));
        let nth = from.saturating_sub(first).div_ceil(period);
        nth < u128::from(timeline.checks) && first + nth * period < to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(timeline: &Timeline) -> String {
        anstream::adapter::strip_str(&draw(timeline)).to_string()
    }

    #[test]
    fn to_scale_and_within_eighty_columns() {
        let slow = Timeline {
            probe: "livenessProbe",
            first_check: 0,
            period: 10,
            checks: 3,
            earliest_kill: 20,
            latest_kill: 33,
            needed: Some(60),
        };
        assert_eq!(plain(&slow), "├•───•───✗┄┄┄┄✗··········◆  • check  ✗ killed 20–33s  ◆ ready ~60s");
        let unknown = Timeline { needed: None, latest_kill: 20, ..slow.clone() };
        assert_eq!(plain(&unknown), "├•───────────────•──────────────✗  • check  ✗ killed 20s");
        let enough = Timeline { checks: 30, earliest_kill: 290, latest_kill: 303, ..slow.clone() };
        assert_eq!(plain(&enough), "├••••◆••••••••••••••••✗✗  • check  ✗ killed 290–303s  ◆ ready ~60s");
        let huge = Timeline {
            first_check: u64::MAX,
            period: 0,
            checks: u64::MAX,
            earliest_kill: u64::MAX,
            latest_kill: 0,
            ..slow
        };
        assert!(plain(&huge).starts_with('├'));
        for (earliest, latest, needed) in [(1000, 1200, 3600), (9000, 9999, 9999)] {
            let long =
                Timeline { earliest_kill: earliest, latest_kill: latest, needed: Some(needed), ..unknown.clone() };
            let line = plain(&long);
            assert!(line.chars().count() + "     = start: ".len() <= 80, "{line}");
        }
    }
}
