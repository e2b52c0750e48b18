//! The order in which a thief visits the Ps: each once, from a random one on, by a random step that
//! is coprime to their number. Go: runtime/proc.go randomOrder, randomEnum.

/// The Ps that are still to be visited.
pub(super) struct StealOrder {
    at: usize,
    step: usize,
    left: usize,
    n: usize,
}

impl StealOrder {
    pub(super) fn new(random: u32, n: usize) -> StealOrder {
        let random = random as usize;
        let mut step = 1 + (random >> 16) % n;
        while gcd(step, n) != 1 {
            step = 1 + step % n;
        }
        StealOrder { at: random % n, step, left: n, n }
    }

    pub(super) fn next(&mut self) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        self.at = (self.at + self.step) % self.n;
        Some(self.at)
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steal_order_visits_each_once() {
        for n in 1..40 {
            for random in [0u32, 1, 7, 0xdead_beef, u32::MAX] {
                let mut order = StealOrder::new(random, n);
                let mut seen = vec![false; n];
                while let Some(i) = order.next() {
                    assert!(!seen[i], "n={n} random={random}: {i} twice");
                    seen[i] = true;
                }
                assert!(seen.iter().all(|s| *s));
            }
        }
    }
}
