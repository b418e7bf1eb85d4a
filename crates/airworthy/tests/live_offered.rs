//! A real cluster that an operator offers: taken in by a caller, shown, kept as a snapshot, and let go.

mod common_live;

mod live_offered {
    mod house;
    mod offered;
}
