//! `/metrics` of a kubelet: a few gauges among thousands of lines.

use airworthy_model::facts::Kubelet;

use crate::groups::exposition::{Lines, Sample};

/// What has been seen so far.
#[derive(Default)]
pub(crate) struct Gauges {
    of_a_kubelet: bool,
    cgroup_version: Option<u8>,
    cri_losing_support: Option<String>,
    client_seconds: Option<i64>,
    serving_seconds: Option<i64>,
}

impl Lines for Gauges {
    fn line(&mut self, line: &[u8]) {
        if !line.starts_with(b"kubelet_") {
            return;
        }
        self.of_a_kubelet = true;
        if !line.starts_with(b"kubelet_c") {
            return;
        }
        if let Some(sample) = std::str::from_utf8(line).ok().and_then(Sample::parse) {
            self.sample(&sample);
        }
    }
}

impl Gauges {
    fn sample(&mut self, sample: &Sample<'_>) {
        // A certificate that is not used counts as one that holds for ever.
        let seconds = sample.value.is_finite().then(|| sample.count());
        match sample.name {
            "kubelet_cgroup_version" => self.cgroup_version = u8::try_from(sample.count()).ok(),
            "kubelet_cri_losing_support" if sample.value > 0.0 => {
                self.cri_losing_support = Some(sample.label("version").chars().take(20).collect());
            }
            "kubelet_certificate_manager_client_ttl_seconds" => self.client_seconds = seconds,
            "kubelet_certificate_manager_server_ttl_seconds" => self.serving_seconds = seconds,
            _ => (),
        }
    }

    /// Refuses what has no metric of a kubelet in it.
    pub(super) fn of_a_kubelet(self) -> Result<Self, &'static str> {
        if self.of_a_kubelet {
            Ok(self)
        } else {
            Err("there is no metric of a kubelet in it")
        }
    }

    pub(super) fn tell(self, kubelet: &mut Kubelet) {
        kubelet.cgroup_version = self.cgroup_version;
        kubelet.cri_losing_support = self.cri_losing_support;
        kubelet.client_certificate_seconds = self.client_seconds;
        kubelet.serving_certificate_seconds = self.serving_seconds;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{groups::exposition::ByLine, session::Sink as _};

    fn read(text: &str) -> Result<Kubelet, &'static str> {
        let mut lines = ByLine::<Gauges>::default();
        for chunk in text.as_bytes().chunks(11) {
            lines.take(chunk).unwrap();
        }
        let mut kubelet = Kubelet::default();
        lines.finish()?.of_a_kubelet()?.tell(&mut kubelet);
        Ok(kubelet)
    }

    #[test]
    fn the_few_gauges_are_found() {
        let kubelet = read(
            "# HELP kubelet_cgroup_version x\nkubelet_cgroup_version 1\nkubelet_running_pods 3\n\
             kubelet_cri_losing_support{version=\"1.37.0\"} 1\nkubelet_certificate_manager_client_ttl_seconds 3.1e+06\n\
             kubelet_certificate_manager_server_ttl_seconds +Inf\n",
        )
        .unwrap();
        assert_eq!(kubelet.cgroup_version, Some(1));
        assert_eq!(kubelet.cri_losing_support.as_deref(), Some("1.37.0"));
        assert_eq!(kubelet.client_certificate_seconds, Some(3_100_000));
        assert_eq!(kubelet.serving_certificate_seconds, None);
    }

    #[test]
    fn what_is_of_something_else_or_cut_off_is_refused() {
        assert!(read("apiserver_x 1\n").is_err());
        assert!(read("kubelet_cgroup_version 1").is_err());
    }
}
