//! The Cluster API driver on a real API server, with the shapes of v1beta1 and of v1beta2, and a controller that acts them out.

mod common;

mod cluster_api {
    mod house;
    mod walks;
}
