//! Latencies in log-linear buckets: 64 to each power of two, so a quantile is within 1.6 %.

use std::time::Duration;

const STEPS: usize = 64;

#[derive(Debug)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    pub fn new() -> Histogram {
        Histogram { counts: vec![0; STEPS * 58], total: 0 }
    }

    pub fn add(&mut self, latency: Duration) {
        let ns = (latency.as_nanos() as u64).max(STEPS as u64);
        let power = (ns.ilog2() - STEPS.ilog2()) as usize;
        self.counts[power * STEPS + (ns >> power) as usize - STEPS] += 1;
        self.total += 1;
    }

    /// The latency, in microseconds, that the part `q` of all stayed below.
    pub fn quantile_us(&self, q: f64) -> f64 {
        let mut below = (self.total as f64 * q) as u64;
        for (bucket, &count) in self.counts.iter().enumerate() {
            if below < count {
                return (((bucket % STEPS + STEPS) as u64) << (bucket / STEPS)) as f64 / 1e3;
            }
            below -= count;
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_step() {
        let mut h = Histogram::new();
        for us in 1..=1000 {
            h.add(Duration::from_micros(us));
        }
        for (q, want) in [(0.5, 500.0), (0.99, 990.0), (0.0, 1.0)] {
            let got = h.quantile_us(q);
            assert!((got / want - 1.0).abs() < 0.02, "quantile {q} is {got} instead of {want}");
        }
        assert_eq!(Histogram::new().quantile_us(0.5), 0.0);
    }
}
