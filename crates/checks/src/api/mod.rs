//! APIs: deprecated, removed, custom, aggregated.
