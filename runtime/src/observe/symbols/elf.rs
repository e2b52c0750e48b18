//! What a dump needs of an ELF file of this machine's kind: sections by name, functions by address.
//! elf(5).
//!
//! Nothing that a file says is believed: what lies outside of it is not there.

/// A file's bytes.
pub(super) struct Elf {
    bytes: &'static [u8],
    sections: Vec<Section>,
    functions: Vec<Function>,
}

struct Section {
    name: &'static [u8],
    kind: u32,
    data: &'static [u8],
    link: usize,
}

/// A row of the symbol table.
#[derive(Clone, Copy)]
struct Function {
    start: u64,
    size: u64,
    name: &'static [u8],
}

const HEADER: &[u8] = b"\x7fELF\x02\x01"; // 64 bits, least significant byte first
const SYMBOL_TABLE: u32 = 2;
const DYNAMIC_SYMBOLS: u32 = 11;
const NO_DATA: u32 = 8;
const COMPRESSED: u64 = 0x800;
const FUNCTION: u8 = 2;

impl Elf {
    /// `None`: not such a file.
    pub(super) fn new(bytes: &'static [u8]) -> Option<Elf> {
        if !bytes.starts_with(HEADER) {
            return None;
        }
        let mut elf = Elf { bytes, sections: Vec::new(), functions: Vec::new() };
        let at = number(bytes, 0x28, 8)?;
        let [size, count, names] = [0x3a, 0x3c, 0x3e].map(|at| number(bytes, at, 2));
        let header = |i| elf.part(at + i * size?, size?);
        let names = elf.data(header(names?)?)?;
        elf.sections = (0..count?).filter_map(|i| elf.section(header(i)?, names)).collect();
        elf.functions =
            elf.functions_of(SYMBOL_TABLE).or_else(|| elf.functions_of(DYNAMIC_SYMBOLS)).unwrap_or_default();
        elf.functions.sort_unstable_by_key(|function| function.start);
        Some(elf)
    }

    /// A section's contents; empty if it does not exist or is compressed.
    pub(super) fn section_data(&self, name: &str) -> &'static [u8] {
        self.sections
            .iter()
            .find(|section| section.name == name.as_bytes())
            .map_or(&[], |section| section.data)
    }

    /// The function that the file's address is in.
    pub(super) fn function(&self, address: u64) -> Option<&'static str> {
        let next = self.functions.partition_point(|function| function.start <= address);
        let function = self.functions[..next].last()?;
        let inside = address - function.start < function.size;
        inside.then_some(std::str::from_utf8(function.name).ok()).flatten()
    }

    fn section(&self, header: &'static [u8], names: &'static [u8]) -> Option<Section> {
        let name = text(names, number(header, 0, 4)?)?;
        let compressed = number(header, 8, 8)? as u64 & COMPRESSED != 0;
        let data = if compressed { &[] } else { self.data(header)? };
        Some(Section { name, kind: number(header, 4, 4)? as u32, data, link: number(header, 0x28, 4)? })
    }

    /// The contents of the section that this header is of.
    fn data(&self, header: &[u8]) -> Option<&'static [u8]> {
        match number(header, 4, 4)? as u32 {
            NO_DATA => Some(&[]),
            _ => self.part(number(header, 0x18, 8)?, number(header, 0x20, 8)?),
        }
    }

    fn functions_of(&self, table: u32) -> Option<Vec<Function>> {
        const ROW: usize = 24;
        let table = self.sections.iter().find(|section| section.kind == table)?;
        let names = self.sections.get(table.link)?.data;
        let function = |row: &'static [u8]| {
            let defined = row[4] & 0xf == FUNCTION && number(row, 6, 2)? != 0;
            let [start, size] = [8, 16].map(|at| number(row, at, 8).unwrap_or_default() as u64);
            defined.then_some(Function { start, size, name: text(names, number(row, 0, 4)?)? })
        };
        Some(table.data.chunks_exact(ROW).filter_map(function).collect())
    }

    fn part(&self, at: usize, len: usize) -> Option<&'static [u8]> {
        self.bytes.get(at..at.checked_add(len)?)
    }
}

/// `size` bytes as a number.
fn number(bytes: &[u8], at: usize, size: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + size)?;
    usize::try_from(bytes.iter().rev().fold(0, |n: u64, byte| n << 8 | u64::from(*byte))).ok()
}

/// Bytes up to a NUL.
fn text(names: &'static [u8], at: usize) -> Option<&'static [u8]> {
    names.get(at..)?.split(|byte| *byte == 0).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_has_this_function() {
        let bytes: &'static [u8] = std::fs::read("/proc/self/exe").unwrap().leak();
        let elf = Elf::new(bytes).unwrap();
        assert!(!elf.section_data(".text").is_empty());
        assert!(elf.section_data(".no_such_section").is_empty());
        let mine = elf
            .functions
            .iter()
            .find(|f| f.name.windows(30).any(|w| w == b"this_program_has_this_function"))
            .unwrap();
        let name = std::str::from_utf8(mine.name).unwrap();
        assert_eq!(elf.function(mine.start), Some(name));
        assert_eq!(elf.function(mine.start + mine.size - 1), Some(name));
        assert_eq!(elf.function(0), None);
    }

    /// Cut anywhere, changed anywhere: an answer or none, and no panic.
    #[test]
    fn nonsense_is_survived() {
        let whole = std::fs::read("/proc/self/exe").unwrap();
        let head = &whole[..4096];
        for cut in 0..200 {
            assert!(Elf::new(head[..cut].to_vec().leak()).is_none_or(|elf| elf.functions.is_empty()));
        }
        for at in 0..64 {
            let mut bytes = head.to_vec();
            bytes[at] ^= 0xff;
            let _ = Elf::new(bytes.leak());
        }
    }
}
