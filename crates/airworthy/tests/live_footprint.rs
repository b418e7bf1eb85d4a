//! What airworthy leaves behind: in the audit log and the metrics of the clusters it reads, and in its own files and output.

mod common_live;

mod live_footprint {
    mod audit;
    mod hush;
    mod metrics;
    mod requests;
    mod secrets;
    mod service;
    mod shapes;
}
