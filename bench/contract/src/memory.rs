//! What a process, and the machine behind it, holds in memory.

use std::fs::read_to_string;

/// Bytes held at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// Resident pages of the process.
    pub rss: f64,
    /// The same with shared pages counted by their share.
    pub pss: f64,
    /// Page tables, which the resident set leaves out.
    pub page_tables: f64,
    /// What the machine has in use, kernel objects included. Only means something for large differences.
    pub machine: f64,
}

impl Memory {
    /// Reads /proc for `pid`, a number or "self". What cannot be read counts as 0.
    pub fn of(pid: &str) -> Memory {
        let status = read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let rollup = read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
        let machine = read_to_string("/proc/meminfo").unwrap_or_default();
        Memory {
            rss: bytes(&status, "VmRSS:"),
            pss: bytes(&rollup, "Pss:"),
            page_tables: bytes(&status, "VmPTE:"),
            machine: bytes(&machine, "MemTotal:") - bytes(&machine, "MemFree:"),
        }
    }

    /// Growth since `before`, for each of `n` things, under the contract's names.
    pub fn growth_per(&self, before: &Memory, n: u64) -> [(&'static str, f64); 4] {
        let each = |now: f64, then: f64| (now - then) / n as f64;
        [
            ("rss_per", each(self.rss, before.rss)),
            ("pss_per", each(self.pss, before.pss)),
            ("pte_per", each(self.page_tables, before.page_tables)),
            ("sys_per", each(self.machine, before.machine)),
        ]
    }
}

/// The number after `label` in one of /proc's lists of "label: number kB".
fn bytes(list: &str, label: &str) -> f64 {
    let kib = list
        .lines()
        .find_map(|line| line.strip_prefix(label)?.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) * 1024.0
}
