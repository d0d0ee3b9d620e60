//! Which rule, how severe, for whom.
