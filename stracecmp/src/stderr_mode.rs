//! Logs that strace wrote to the terminal of the program it traced: the program's own output stands in the middle of lines.
//!
//! ```text
//! write(1, "done\n", 5done
//! )       = 5
//! ```
//!
//! strace writes the arguments before the call and the rest after it. What the call itself wrote is in between.

use memchr::memmem;

use crate::text::{chars, quoted_len};

/// The two halves of a line put together, if `rest` is the second half of `broken`.
pub(crate) fn joined(broken: &str, rest: &str) -> Option<String> {
    let broken = broken.trim_end_matches(['\n', '\r']);
    // strace 4 says "Process 8 attached" in the middle of the clone that made it.
    if let Some((before, after)) = broken.rsplit_once("Process ")
        && after.trim_end().ends_with(" attached")
    {
        return Some(format!("{before}{}", rest.trim_end()));
    }
    let tail = rest.trim_start();
    let ends = tail.strip_prefix(')').map(str::trim_start).is_some_and(|t| t.starts_with("= "));
    let torn = tail.starts_with("<unfinished ...>");
    (ends || torn).then(|| format!("{broken}{}", rest.trim_end()))
}

/// Whether a broken line may still be completed: only a call that writes, or one that made a process, has output after it.
pub(crate) fn may_go_on(broken: &str) -> bool {
    ["write(", "writev(", "sendto(", "sendmsg(", "clone(", "fork("].iter().any(|c| broken.contains(c))
}

/// Whether a line begins as a call does.
pub(crate) fn begins_call(text: &str) -> bool {
    matches!(
        crate::parse::line(text),
        Ok((_, crate::parse::Item::Call(_) | crate::parse::Item::Unfinished { .. }))
    )
}

/// The arguments of a write without what it wrote: `1, "done\n", 5done` is `1, "done\n", 5`.
pub(crate) fn without_output<'a>(name: &str, args: &'a str) -> &'a str {
    if !matches!(name, "write" | "pwrite64" | "sendto" | "writev")
        || args.ends_with(|c: char| c.is_ascii_digit())
    {
        return args;
    }
    let Some(quote) = memmem::find(args.as_bytes(), b"\"") else { return args };
    let Some(len) = quoted_len(&args.as_bytes()[quote..]) else { return args };
    let end = quote + len;
    let Some(rest) = args[end..].trim_start_matches('.').strip_prefix(", ") else { return args };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let from = args.len() - rest.len() + digits;
    let written: String = chars(&args[quote + 1..end - 1]).filter_map(|c| char::from_u32(c.1)).collect();
    let first = written.lines().next().unwrap_or("");
    let output = &args[from..];
    if digits > 0 && !output.is_empty() && !output.starts_with(',') && first.starts_with(output.trim_end()) {
        return &args[..from];
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_in_the_middle_of_a_line() {
        assert!(begins_call("[pid  7] write(1, \"done\\n\", 5done"));
        let whole = joined("[pid  7] write(1, \"done\\n\", 5done\n", ")       = 5\n").expect("the rest");
        assert_eq!(whole, "[pid  7] write(1, \"done\\n\", 5done)       = 5");
        assert_eq!(without_output("write", "1, \"done\\n\", 5done"), "1, \"done\\n\", 5");
        assert_eq!(without_output("write", "1, \"done\", 4done"), "1, \"done\", 4");
        assert_eq!(without_output("write", "1, \"done\", 4x"), "1, \"done\", 4x");
        assert_eq!(without_output("write", "1, \"a\\nb\\n\", 4"), "1, \"a\\nb\\n\", 4");
        assert_eq!(joined("write(1, \"a", "7 close(3) = 0"), None);
    }

    #[test]
    fn processes_that_strace_4_attaches() {
        let whole =
            joined("clone(Process 8 attached", "child_stack=0, flags=SIGCHLD) = 8\n").expect("the rest");
        assert_eq!(whole, "clone(child_stack=0, flags=SIGCHLD) = 8");
    }
}
