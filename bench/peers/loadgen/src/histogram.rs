//! Numbers in log-linear buckets: exact below 64, then 64 to each power of two, so a quantile is within 1.6 %.

const STEPS: usize = 64;

#[derive(Debug)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    pub fn new() -> Histogram {
        Histogram { counts: vec![0; STEPS * 60], total: 0 }
    }

    pub fn add(&mut self, value: u64) {
        let power = value.checked_ilog2().unwrap_or(0).saturating_sub(STEPS.ilog2()) as usize;
        self.counts[power * STEPS + (value >> power) as usize] += 1;
        self.total += 1;
    }

    /// What the part `q` of all stayed below; 0 when there are none.
    pub fn quantile(&self, q: f64) -> f64 {
        let mut below = (self.total as f64 * q) as u64;
        for (bucket, &count) in self.counts.iter().enumerate() {
            if below < count {
                let power = (bucket / STEPS).saturating_sub(1);
                return (bucket - power * STEPS) as f64 * (1_u64 << power) as f64;
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
        (1..=1000).for_each(|n| h.add(n * 1000));
        for (q, want) in [(0.5, 500e3), (0.99, 990e3), (0.0, 1e3)] {
            let got = h.quantile(q);
            assert!((got / want - 1.0).abs() < 0.02, "quantile {q} is {got} instead of {want}");
        }
        assert_eq!(Histogram::new().quantile(0.5), 0.0);
    }

    #[test]
    fn small_and_huge_numbers_have_a_place() {
        for n in [0, 1, 63, 64, 127, 1 << 40, u64::MAX] {
            let mut h = Histogram::new();
            h.add(n);
            let got = h.quantile(0.5);
            assert!(got <= n as f64 && got >= n as f64 * 0.98, "{n} became {got}");
        }
    }
}
