//! Counters and histograms, and their text for Prometheus (exposition format 0.0.4).

use crate::app::DecisionsCounted;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper ends of the buckets for durations, in seconds.
const SECONDS: [f64; 12] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 2.5, 10.0];
/// Upper ends of the buckets for batch sizes, in events.
const SIZES: [f64; 8] = [1.0, 10.0, 50.0, 100.0, 500.0, 1_000.0, 2_500.0, 5_000.0];
/// The statuses that are counted one by one; all others are counted as 0.
const STATUSES: [u16; 16] = [0, 200, 201, 207, 400, 404, 405, 408, 409, 413, 415, 422, 431, 500, 503, 507];
const METHODS: [&str; 3] = ["GET", "POST", "other"];
/// The route of requests that no route took.
const NO_ROUTE: &str = "none";

struct Histogram<const N: usize> {
    ends: [f64; N],
    buckets: [AtomicU64; N],
    count: AtomicU64,
    /// Millionths of the unit.
    sum: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    fn new(ends: [f64; N]) -> Self {
        Self {
            ends,
            buckets: std::array::from_fn(|_| AtomicU64::new(0)),
            count: AtomicU64::new(0),
            sum: AtomicU64::new(0),
        }
    }

    fn observe(&self, value: f64) {
        if let Some((_, bucket)) = self.ends.iter().zip(&self.buckets).find(|(end, _)| value <= **end) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        // Negative values do not occur and large ones saturate: the cast is as wanted.
        self.sum.fetch_add((value * 1e6) as u64, Ordering::Relaxed);
    }

    fn write(&self, out: &mut String, name: &str, labels: &str) {
        let count = self.count.load(Ordering::Relaxed);
        let comma = if labels.is_empty() { "" } else { "," };
        let mut below = 0;
        for (end, bucket) in self.ends.iter().zip(&self.buckets) {
            below += bucket.load(Ordering::Relaxed);
            line(out, format_args!("{name}_bucket{{{labels}{comma}le=\"{end}\"}} {below}"));
        }
        let sum = self.sum.load(Ordering::Relaxed) as f64 / 1e6;
        let braces = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        line(out, format_args!("{name}_bucket{{{labels}{comma}le=\"+Inf\"}} {}", count.max(below)));
        line(out, format_args!("{name}_sum{braces} {sum}"));
        line(out, format_args!("{name}_count{braces} {}", count.max(below)));
    }
}

struct Route {
    statuses: [AtomicU64; STATUSES.len()],
    durations: Histogram<12>,
}

impl Route {
    fn new() -> Self {
        Self { statuses: std::array::from_fn(|_| AtomicU64::new(0)), durations: Histogram::new(SECONDS) }
    }
}

/// What became of events, in the order of [`EVENTS`].
#[derive(Clone, Copy)]
pub(crate) enum Became {
    Taken,
    Duplicate,
    Refused,
}

const EVENTS: [&str; 3] = ["taken", "duplicate", "refused"];

/// All that is counted.
pub(crate) struct Metrics {
    routes: BTreeMap<String, [Route; METHODS.len()]>,
    batches: Histogram<8>,
    events: [AtomicU64; EVENTS.len()],
}

/// How far the parties of a role have moved since the scorecard in force was fitted, as of the last look.
pub(crate) struct Moved {
    /// The role.
    pub(crate) of: &'static str,
    /// Since the look.
    pub(crate) age_seconds: f64,
    /// PSI of the score.
    pub(crate) score: f64,
    /// CSI by indicator.
    pub(crate) characteristics: Vec<(String, f64)>,
}

/// What is measured when asked.
pub(crate) struct Gauges {
    pub(crate) log_events: u64,
    pub(crate) faults: u64,
    pub(crate) decisions: DecisionsCounted,
    /// Of roles that were looked at.
    pub(crate) stability: Vec<Moved>,
    pub(crate) next_due_seconds: Option<f64>,
    pub(crate) resident_bytes: Option<u64>,
    pub(crate) store_failed: bool,
    /// None when the log's end could not be read.
    pub(crate) clock_behind_seconds: Option<f64>,
}

impl Gauges {
    fn write_decisions(&self, out: &mut String) {
        about(out, "probity_decisions_total", "counter", "Decisions made, by what was asked and answered.");
        for (kind, outcome, count) in &self.decisions.made {
            line(
                out,
                format_args!("probity_decisions_total{{request=\"{kind}\",outcome=\"{outcome}\"}} {count}"),
            );
        }
        let help = "Decisions compared with a shadowed challenger, by what came of it.";
        about(out, "probity_shadow_compared_total", "counter", help);
        for (said, count) in &self.decisions.compared {
            line(out, format_args!("probity_shadow_compared_total{{challenger=\"{said}\"}} {count}"));
        }
    }

    fn write_stability(&self, out: &mut String) {
        if self.stability.is_empty() {
            return;
        }
        let help = "Stability index of the score (PSI) against the rows that the scorecard was fitted on, at the last look.";
        about(out, "probity_score_psi", "gauge", help);
        for moved in &self.stability {
            line(out, format_args!("probity_score_psi{{of=\"{}\"}} {}", moved.of, moved.score));
        }
        let help = "Stability index of a characteristic (CSI) against those rows, at the last look.";
        about(out, "probity_characteristic_csi", "gauge", help);
        for moved in &self.stability {
            for (indicator, value) in &moved.characteristics {
                let labels = format_args!("of=\"{}\",indicator=\"{indicator}\"", moved.of);
                line(out, format_args!("probity_characteristic_csi{{{labels}}} {value}"));
            }
        }
        about(
            out,
            "probity_stability_age_seconds",
            "gauge",
            "Seconds since that look; GET /v1/monitor takes a new one.",
        );
        for moved in &self.stability {
            line(
                out,
                format_args!("probity_stability_age_seconds{{of=\"{}\"}} {}", moved.of, moved.age_seconds),
            );
        }
    }

    /// Those that cannot always be told.
    fn write_optional(&self, out: &mut String) {
        if let Some(seconds) = self.next_due_seconds {
            about(
                out,
                "probity_next_timer_seconds",
                "gauge",
                "Seconds until an order's next timer; negative when overdue.",
            );
            line(out, format_args!("probity_next_timer_seconds {seconds}"));
        }
        if let Some(bytes) = self.resident_bytes {
            about(out, "process_resident_memory_bytes", "gauge", "Resident memory.");
            line(out, format_args!("process_resident_memory_bytes {bytes}"));
        }
        if let Some(seconds) = self.clock_behind_seconds {
            about(
                out,
                "probity_clock_behind_seconds",
                "gauge",
                "How far the clock stands behind the newest moment of recording; 0 as it should be.",
            );
            line(out, format_args!("probity_clock_behind_seconds {}", seconds));
        }
    }
}

impl Metrics {
    /// Counters for the given routes.
    pub(crate) fn new(routes: impl Iterator<Item = String>) -> Self {
        let counters = || std::array::from_fn(|_| Route::new());
        let mut routes: BTreeMap<_, _> = routes.map(|route| (route, counters())).collect();
        routes.insert(NO_ROUTE.to_owned(), counters());
        Self { routes, batches: Histogram::new(SIZES), events: std::array::from_fn(|_| AtomicU64::new(0)) }
    }

    /// A request was answered.
    pub(crate) fn answered(&self, route: Option<&str>, method: &str, status: u16, took: Duration) {
        let known = route.and_then(|route| self.routes.get(route)).or_else(|| self.routes.get(NO_ROUTE));
        let method = match method {
            "GET" | "HEAD" => 0,
            "POST" => 1,
            _ => 2,
        };
        let Some(route) = known.and_then(|methods| methods.get(method)) else { return };
        let place = STATUSES.iter().position(|known| *known == status).unwrap_or(0);
        if let Some(counter) = route.statuses.get(place) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        route.durations.observe(took.as_secs_f64());
    }

    /// A batch came in.
    pub(crate) fn batch(&self, events: usize) {
        self.batches.observe(events as f64);
    }

    /// Events became something.
    pub(crate) fn events(&self, became: Became, count: u64) {
        if let Some(counter) = self.events.get(became as usize) {
            counter.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// The text.
    pub(crate) fn text(&self, gauges: &Gauges) -> String {
        let mut out = String::with_capacity(16 << 10);
        about(&mut out, "probity_requests_total", "counter", "Requests answered.");
        self.each(|labels, route| {
            for (status, count) in STATUSES.iter().zip(&route.statuses) {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    line(
                        &mut out,
                        format_args!("probity_requests_total{{{labels},status=\"{status}\"}} {count}"),
                    );
                }
            }
        });
        about(&mut out, "probity_request_duration_seconds", "histogram", "Time from the head to the answer.");
        self.each(|labels, route| {
            if route.durations.count.load(Ordering::Relaxed) > 0 {
                route.durations.write(&mut out, "probity_request_duration_seconds", labels);
            }
        });
        about(
            &mut out,
            "probity_ingest_events_total",
            "counter",
            "Events sent over HTTP, by what became of them.",
        );
        for (became, count) in EVENTS.iter().zip(&self.events) {
            let count = count.load(Ordering::Relaxed);
            line(&mut out, format_args!("probity_ingest_events_total{{became=\"{became}\"}} {count}"));
        }
        about(&mut out, "probity_ingest_batch_events", "histogram", "Events of one request.");
        self.batches.write(&mut out, "probity_ingest_batch_events", "");
        about(&mut out, "probity_log_events", "gauge", "Events in the log, derived ones included.");
        line(&mut out, format_args!("probity_log_events {}", gauges.log_events));
        about(
            &mut out,
            "probity_faults_total",
            "counter",
            "Values that could not be computed: overflow, division by zero, missing rate.",
        );
        line(&mut out, format_args!("probity_faults_total {}", gauges.faults));
        about(&mut out, "probity_store_failed", "gauge", "1 when the last write to the store failed.");
        line(&mut out, format_args!("probity_store_failed {}", u8::from(gauges.store_failed)));
        gauges.write_decisions(&mut out);
        gauges.write_stability(&mut out);
        gauges.write_optional(&mut out);
        out
    }

    fn each(&self, mut show: impl FnMut(&str, &Route)) {
        for (route, methods) in &self.routes {
            for (method, counters) in METHODS.iter().zip(methods) {
                show(&format!("route=\"{route}\",method=\"{method}\""), counters);
            }
        }
    }
}

fn about(out: &mut String, name: &str, kind: &str, help: &str) {
    line(out, format_args!("# HELP {name} {help}"));
    line(out, format_args!("# TYPE {name} {kind}"));
}

/// Writing to a text cannot fail.
fn line(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _ = writeln!(out, "{arguments}");
}

/// Resident memory of this process; none where the system does not tell through `/proc`.
pub(crate) fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix("kB")?;
    Some(kib.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_told() {
        let metrics = Metrics::new(["/v1/events".to_owned()].into_iter());
        metrics.answered(Some("/v1/events"), "POST", 201, Duration::from_micros(300));
        metrics.answered(Some("/nowhere"), "PATCH", 499, Duration::from_secs(60));
        metrics.batch(500);
        metrics.events(Became::Taken, 499);
        let gauges = Gauges {
            log_events: 7,
            faults: 1,
            decisions: DecisionsCounted {
                made: vec![("payment", "decline", 2)],
                compared: [("same", 3)].into(),
            },
            stability: vec![Moved {
                of: "merchant",
                age_seconds: 2.5,
                score: 0.125,
                characteristics: vec![("tenure_days".to_owned(), 0.03)],
            }],
            next_due_seconds: Some(-1.5),
            resident_bytes: Some(1),
            store_failed: false,
            clock_behind_seconds: Some(3_600.0),
        };
        let text = metrics.text(&gauges);
        for line in [
            "probity_requests_total{route=\"/v1/events\",method=\"POST\",status=\"201\"} 1",
            "probity_requests_total{route=\"none\",method=\"other\",status=\"0\"} 1",
            "probity_request_duration_seconds_bucket{route=\"/v1/events\",method=\"POST\",le=\"0.0005\"} 1",
            "probity_request_duration_seconds_bucket{route=\"none\",method=\"other\",le=\"10\"} 0",
            "probity_request_duration_seconds_count{route=\"none\",method=\"other\"} 1",
            "probity_ingest_events_total{became=\"taken\"} 499",
            "probity_ingest_batch_events_bucket{le=\"500\"} 1",
            "probity_ingest_batch_events_sum 500",
            "probity_decisions_total{request=\"payment\",outcome=\"decline\"} 2",
            "probity_shadow_compared_total{challenger=\"same\"} 3",
            "probity_log_events 7",
            "probity_score_psi{of=\"merchant\"} 0.125",
            "probity_characteristic_csi{of=\"merchant\",indicator=\"tenure_days\"} 0.03",
            "probity_stability_age_seconds{of=\"merchant\"} 2.5",
            "probity_next_timer_seconds -1.5",
            "probity_clock_behind_seconds 3600",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
