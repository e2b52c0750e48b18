//! The tables, in Markdown.

use crate::results::{Results, median};
use crate::targets;

/// A column of a listing: its head, the figure, and what it is multiplied with.
type Column<'a> = (&'a str, &'a str, f64);

const COMPUTE: [(&str, &str); 8] = [
    ("spawn_join", "task"),
    ("yield", "yield"),
    ("chan_pingpong", "round trip"),
    ("chan_mpsc", "message"),
    ("mutex_contended", "lock + unlock"),
    ("timers", "timer"),
    ("growth", "operation"),
    ("compute_hogs", "round trip"),
];

pub(crate) fn markdown(results: &Results, machine: &str) -> String {
    let mut out = format!(
        "# Results\n\nWritten by `cargo xtask bench` on {machine}. A cell is **median** (min..max). `README.md` says what \
         the figures mean; `JOURNAL.md` what was learned from them.\n"
    );
    out += &target_table(results);
    for (group, unit) in COMPUTE {
        out += &grid(results, &format!("{group}: wall ns per {unit}"), group, "ns_per_op", 1.0, |_| true);
        let title = format!("{group}: CPU ns per {unit}, all cores");
        out += &grid(results, &title, group, "cpu_ns_per_op", 1.0, |label| label.contains("2 workers"));
    }
    out += &listing(
        results,
        "sleepers: tasks that sleep",
        "sleepers",
        &[
            ("bytes each with page tables", "memory", 1.0),
            ("RSS", "rss_per", 1.0),
            ("page tables", "pte_per", 1.0),
            ("of the machine's", "sys_per", 1.0),
            ("all started, ms", "spawn_ms", 1.0),
            ("moment to last awake, ms", "wake_ms", 1.0),
            ("CPU us, whole life", "cpu_ns_per_op", 1e-3),
        ],
    );
    for (group, unit) in [
        ("tcp_echo", "request"),
        ("tcp_conn", "connection"),
        ("http_hello", "request"),
        ("hogs", "request"),
        ("echo_growth", "request"),
    ] {
        let title = format!("{group}: server CPU us per {unit}, the main figure");
        out += &grid(results, &title, group, "server_cpu_us", 1.0, |_| true);
        let title =
            format!("{group}: server CPU / client CPU of the same run, in which the machine's mood cancels");
        out += &grid(results, &title, group, "server_per_client", 1.0, |_| true);
        out +=
            &grid(results, &format!("{group}: {unit}s per second, thousands"), group, "per_s", 1e-3, |_| {
                true
            });
        let title = "latency p50 / p99 / p99.9 in us";
        out += &together(results, title, group, &["p50_us", "p99_us", "p999_us"]);
        let title = "a request's turn: answers until its own, over the requests under way (1.00: first come, first served), p50 / p99";
        out += &together(results, title, group, &["turns_p50", "turns_p99"]);
    }
    out += &listing(
        results,
        "idle_conns: memory of idle connections",
        "idle_conns",
        &[
            ("RSS each", "rss_per", 1.0),
            ("RSS each after one echo", "rss_per_after_echo", 1.0),
            ("page tables each", "pte_per", 1.0),
        ],
    );
    out += &listing(
        results,
        "system calls per echo",
        "syscalls",
        &[
            ("all", "all", 1.0),
            ("read", "read", 1.0),
            ("write", "write", 1.0),
            ("epoll_wait", "epoll_wait", 1.0),
            ("futex", "futex", 1.0),
            ("nanosleep", "nanosleep", 1.0),
            ("sched_yield", "sched_yield", 1.0),
        ],
    );
    out += &failures(results);
    out + &noise(results)
}

fn target_table(results: &Results) -> String {
    let verdicts = targets::verdicts(results);
    if verdicts.is_empty() {
        return String::new();
    }
    let mut out = String::from(
        "\n## Targets\n\nRatios are medians of the rounds' ratios. The verdict is on `measured`; beside it stands, for a server's CPU time, the same \
         ratio of server over client CPU of one run, which the machine's mood moves less.\n\n\
         | what | at most | measured | over client | |\n|---|---|---|---|---|\n",
    );
    for v in &verdicts {
        let word = if v.met() { "met" } else { "**missed**" };
        let over_client = v.over_client.map(short).unwrap_or_default();
        out += &format!(
            "| {} | {} {} | {} | {over_client} | {word} |\n",
            v.what,
            short(v.at_most),
            v.against,
            short(v.measured)
        );
    }
    let met = verdicts.iter().filter(|v| v.met()).count();
    out + &format!("\n{met} of {} met.\n", verdicts.len())
}

/// Rows are parameters, columns contestants. Nothing when nobody has the figure.
fn grid(
    results: &Results,
    title: &str,
    group: &str,
    figure: &str,
    scale: f64,
    row: impl Fn(&str) -> bool,
) -> String {
    let labels: Vec<&str> = results.labels(group).into_iter().filter(|l| row(l)).collect();
    let has = |name: &&String| labels.iter().any(|l| !results.values(group, l, name, figure).is_empty());
    let names: Vec<&String> = results.names.iter().filter(has).collect();
    if names.is_empty() {
        return String::new();
    }
    let mut out = format!("\n**{title}**\n\n| {group} |");
    names.iter().for_each(|n| out += &format!(" {n} |"));
    out += &format!("\n|---{}|\n", "|---".repeat(names.len()));
    for label in labels {
        out += &format!("| {label} |");
        names
            .iter()
            .for_each(|name| out += &format!(" {} |", cell(results, group, label, name, figure, scale)));
        out.push('\n');
    }
    out
}

/// Rows are parameters with contestants, columns figures.
fn listing(results: &Results, title: &str, group: &str, columns: &[Column<'_>]) -> String {
    let mut lines = String::new();
    for label in results.labels(group) {
        for name in results.names.iter().filter(|name| !results.runs(group, label, name).is_empty()) {
            lines += &format!("| {label} | {name} |");
            columns.iter().for_each(|(_, figure, scale)| {
                lines += &format!(" {} |", cell(results, group, label, name, figure, *scale));
            });
            lines.push('\n');
        }
    }
    if lines.is_empty() {
        return String::new();
    }
    let mut out = format!("\n**{title}**\n\n| {group} | contestant |");
    columns.iter().for_each(|(head, ..)| out += &format!(" {head} |"));
    out + &format!("\n|---{}|\n{lines}", "|---".repeat(columns.len() + 1))
}

/// Several figures in a cell, their medians.
fn together(results: &Results, title: &str, group: &str, figures: &[&str]) -> String {
    let labels = results.labels(group);
    if labels.is_empty() {
        return String::new();
    }
    let mut out = format!("\n**{group}: {title}, medians**\n\n| {group} |");
    results.names.iter().for_each(|n| out += &format!(" {n} |"));
    out += &format!("\n|---{}|\n", "|---".repeat(results.names.len()));
    for label in labels {
        out += &format!("| {label} |");
        for name in &results.names {
            let all: Option<Vec<_>> =
                figures.iter().map(|q| median(&results.values(group, label, name, q)).map(short)).collect();
            out += &format!(" {} |", all.map_or("n/a".to_owned(), |all| all.join(" / ")));
        }
        out.push('\n');
    }
    out
}

fn cell(results: &Results, group: &str, label: &str, name: &str, figure: &str, scale: f64) -> String {
    let mut values = results.values(group, label, name, figure);
    values.iter_mut().for_each(|v| *v *= scale);
    let Some(middle) = median(&values) else {
        let failed = results.runs(group, label, name).iter().any(|r| r.error.is_some());
        return if failed { "FAILS" } else { "n/a" }.to_owned();
    };
    if values.len() == 1 {
        return short(middle);
    }
    let (least, most) = values.iter().fold((f64::MAX, f64::MIN), |(a, b), &v| (a.min(v), b.max(v)));
    format!("**{}** ({}..{})", short(middle), short(least), short(most))
}

/// Three digits that matter, more only before the point.
fn short(x: f64) -> String {
    match x.abs() {
        0.0 => "0".to_owned(),
        a if a >= 99.5 => {
            let digits = format!("{a:.0}");
            let groups: Vec<&str> =
                digits.as_bytes().rchunks(3).rev().map(|g| str::from_utf8(g).unwrap_or("?")).collect();
            format!("{}{}", if x < 0.0 { "-" } else { "" }, groups.join(","))
        }
        a if a >= 9.95 => format!("{x:.1}"),
        _ => format!("{x:.2}"),
    }
}

fn failures(results: &Results) -> String {
    let lines = results.failures();
    if lines.is_empty() {
        return String::new();
    }
    format!("\n**Failures**\n\n- {}\n", lines.join("\n- "))
}

fn noise(results: &Results) -> String {
    let cells = results.quietness();
    let (quiet, runs) = cells.iter().fold((0, 0), |(q, r), cell| (q + cell.0, r + cell.1));
    let few = cells.iter().filter(|cell| cell.0 < 3).count();
    format!(
        "\n**Noise**: {quiet} of {runs} runs had the machine to themselves at full speed; {few} of {} cells have fewer \
         than 3 such runs and show all of theirs, the others show those only.\n",
        cells.len()
    )
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn short_numbers() {
        let shown = [0.0, 0.125, 4.999, 12.34, 99.9, 1_234_567.8, -1234.0].map(short);
        assert_eq!(shown, ["0", "0.12", "5.00", "12.3", "100", "1,234,568", "-1,234"]);
    }
}
