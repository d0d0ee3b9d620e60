//! What lies in a workload's volumes when a container starts for the first time.

use super::backings::{Backings, is_within};
use super::container::Container;
use super::pod::Workload;
use super::stock::Stock;
use super::volume::{Backing, Mount};
use std::collections::HashMap;

/// What the volumes of a workload may hold from before.
#[derive(Debug)]
pub struct Stored<'t> {
    backings: Backings<'t>,
    /// How many mounts each volume has.
    mounts: HashMap<&'t str, usize>,
}

impl<'t> Stored<'t> {
    /// Of a workload with these containers.
    #[must_use]
    pub fn of(workload: Workload<'t>, containers: &[Container<'t>]) -> Self {
        let mut mounts: HashMap<&str, usize> = HashMap::new();
        for name in containers.iter().flat_map(|container| container.mounts()).filter_map(Mount::volume_name) {
            *mounts.entry(name).or_default() += 1;
        }
        Self { backings: workload.backings(), mounts }
    }

    /// Whether files may be there from before, or from another container.
    fn may_hold_data(&self, mount: Mount<'_>) -> bool {
        match self.backings.of(mount) {
            _ if self.backings.is_config(mount) => false,
            Backing::EmptyDir => mount.volume_name().and_then(|name| self.mounts.get(name)).is_some_and(|n| *n > 1),
            _ => true,
        }
    }

    /// The mount in which an image may find data from before, where it looks into this folder; a variable or an option may
    /// have it look elsewhere.
    #[must_use]
    pub fn holder(&self, stock: &Stock<'t>, folder: &str) -> Option<Mount<'t>> {
        let container = stock.container;
        let moved = stock.known.data().and_then(|data| data.env.as_deref()).and_then(|name| container.variable(name));
        let mut anywhere = stock.may_move_data();
        let mut data = Some(folder);
        if let Some(variable) = moved {
            anywhere |= variable.settled_value().is_none();
            data = variable.settled_value();
        }
        let data = data?.trim_end_matches('/');
        let near = |place: &str| is_within(place, data) || is_within(data, place);
        let mut mounts = container.mounts().filter(|mount| anywhere || mount.place().is_some_and(near));
        mounts.find(|mount| self.may_hold_data(*mount))
    }
}
