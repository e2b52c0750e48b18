//! The debug information of loaded files. Each is read when an address in it is first asked for,
//! and kept.

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use addr2line::gimli::{Dwarf, EndianSlice, Error, LittleEndian};
use addr2line::{Context, Location};
use rustc_demangle::demangle;

use super::Frame;
use super::elf::Elf;
use crate::sys::mem;
use crate::sys::objects::Object;

type Bytes = EndianSlice<'static, LittleEndian>;

struct Symbols {
    elf: Elf,
    dwarf: Option<Context<Bytes>>,
}

/// The files seen so far; `None` where nothing can be read. Held while an address is looked up,
/// which cannot park.
static FILES: Mutex<Option<HashMap<PathBuf, Option<Symbols>>>> = Mutex::new(None);

/// The functions at an address of an object, the innermost first. `place` stands for an unknown
/// file and line.
pub(super) fn frames(object: &Object, at: usize, place: &str) -> Vec<Frame> {
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    let files = files.get_or_insert_default();
    let symbols = files.entry(object.path.clone()).or_insert_with(|| Symbols::read(object));
    symbols.as_ref().map_or_else(Vec::new, |symbols| symbols.frames((at - object.bias) as u64, place))
}

impl Symbols {
    fn read(object: &Object) -> Option<Symbols> {
        let file = File::open(&object.path).ok()?;
        let elf = Elf::new(mem::map_file(&file).ok()?)?;
        let section = |id: addr2line::gimli::SectionId| {
            Ok::<_, Error>(EndianSlice::new(elf.section_data(id.name()), LittleEndian))
        };
        let dwarf = Dwarf::load(section).and_then(Context::from_dwarf).ok();
        Some(Symbols { elf, dwarf })
    }

    fn frames(&self, address: u64, place: &str) -> Vec<Frame> {
        let mut found = Vec::new();
        let from_table = || self.elf.function(address).map(|name| format!("{:#}", demangle(name)));
        if let Some(Ok(mut frames)) =
            self.dwarf.as_ref().map(|dwarf| dwarf.find_frames(address).skip_all_loads())
        {
            while let Ok(Some(frame)) = frames.next() {
                let name = frame.function.as_ref().and_then(|function| function.raw_name().ok());
                let function = name.map(|name| format!("{:#}", demangle(&name))).or_else(from_table);
                let location = frame.location.as_ref().and_then(file_and_line);
                found.push(Frame {
                    function: function.unwrap_or_else(|| "?".into()),
                    place: location.unwrap_or_else(|| place.into()),
                });
            }
        }
        if found.is_empty() {
            found.extend(from_table().map(|function| Frame { function, place: place.into() }));
        }
        found
    }
}

fn file_and_line(location: &Location<'_>) -> Option<String> {
    Some(format!("{}:{}", location.file?, location.line?))
}
