//! From a return address to a function, a file and a line. Go has them in its own tables
//! (runtime/symtab.go); here they are in the program's file: DWARF if it was built with debug
//! information, else the names of the symbol table.
//!
//! Without the feature `symbols` there are addresses only: `program+0x1234`, which `addr2line -e`
//! understands.

#[cfg(feature = "symbols")]
mod elf;
#[cfg(feature = "symbols")]
mod file;

use crate::sys::objects::{self, Object};

/// A frame in words.
pub(super) struct Frame {
    pub(super) function: String,
    /// `FILE:LINE`, or the address where that is not known.
    pub(super) place: String,
}

/// The functions at a return address, the innermost first: several where calls were inlined.
pub(super) fn resolve(ip: usize) -> Vec<Frame> {
    // A return address is behind its call.
    let call = ip - 1;
    let objects = objects::loaded();
    let Some(at) = objects.iter().position(|object| object.addresses.contains(&call)) else {
        return vec![Frame { function: "?".into(), place: format!("{ip:#x}") }];
    };
    let place = address(&objects[at], at == 0, ip);
    let mut frames = frames(&objects[at], call, &place);
    if frames.is_empty() {
        frames.push(Frame { function: "?".into(), place });
    }
    frames
}

/// An address as the file of its object has it.
fn address(object: &Object, is_program: bool, ip: usize) -> String {
    let name = if is_program { std::env::args_os().next().map(Into::into) } else { None };
    let path = name.unwrap_or_else(|| object.path.clone());
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!("{name}+{:#x}", ip - object.bias)
}

#[cfg(feature = "symbols")]
use file::frames;

#[cfg(not(feature = "symbols"))]
fn frames(_: &Object, _: usize, _: &str) -> Vec<Frame> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::unwind;

    /// The frames of the caller.
    #[inline(never)]
    fn callers() -> Vec<Frame> {
        let mut found = Vec::new();
        unwind::walk(|frame| {
            found.push(frame.ip);
            found.len() < 10
        });
        found.into_iter().flat_map(resolve).collect()
    }

    #[test]
    fn a_frame_has_a_name_and_a_place() {
        let frames = callers();
        if cfg!(feature = "symbols") {
            let name = "symbols::tests::a_frame_has_a_name_and_a_place";
            let mine = frames.iter().find(|frame| frame.function.contains(name)).expect("this function");
            let (file, line) = mine.place.rsplit_once(':').expect("a file and a line");
            assert!(
                file.ends_with("observe/symbols/mod.rs") && line.parse::<u32>().is_ok(),
                "{}",
                mine.place
            );
        } else {
            let program = std::env::current_exe().expect("a test has a path");
            let name = program.file_name().expect("a file").to_string_lossy();
            assert!(frames.iter().all(|frame| frame.function == "?"));
            assert!(frames[0].place.starts_with(&format!("{name}+0x")), "{}", frames[0].place);
        }
    }

    #[test]
    fn an_address_of_nothing_stays_an_address() {
        let frames = resolve(0x1235);
        assert_eq!((frames.len(), frames[0].place.as_str()), (1, "0x1235"));
    }
}
