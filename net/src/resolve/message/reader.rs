//! A reply as it is read: record by record, each that nobody asked for by its length alone.
//!
//! Go: golang.org/x/net/dns/dnsmessage `Parser`, `Name.unpack`. The codec reads a message whole, and
//! refuses it for one record of a type that it does not know well.
//!
//! I1 Beyond the message's end nothing can be read. A name follows at most [`MAX_POINTERS`] pointers.

/// Of a name, as in Go: more may be a loop.
const MAX_POINTERS: usize = 10;
const MAX_NAME: usize = 255;

/// A place in a message.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    message: &'a [u8],
    at: usize,
}

/// A record's fixed part; the reader is at its data.
pub(super) struct Record {
    pub(super) owner: String,
    pub(super) kind: u16,
    len: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(message: &'a [u8], at: usize) -> Reader<'a> {
        Reader { message, at }
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let bytes = self.message.get(self.at..)?.first_chunk()?;
        self.at += N;
        Some(*bytes)
    }

    pub(super) fn word(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// A name with its final dot. None: it is cut, points too often, is too long, or has a dot within
    /// a label, after which it would be another name (golang.org/issue/56246).
    pub(super) fn name(&mut self) -> Option<String> {
        let mut name = Vec::new();
        let (mut at, mut pointers) = (self.at, 0);
        loop {
            let len = *self.message.get(at)?;
            at += 1;
            match len {
                0 => break,
                1..=63 => {
                    let label = self.message.get(at..at + usize::from(len))?;
                    if label.contains(&b'.') {
                        return None;
                    }
                    name.extend(label);
                    name.push(b'.');
                    at += label.len();
                }
                0xc0.. => {
                    let low = *self.message.get(at)?;
                    if pointers == 0 {
                        self.at = at + 1;
                    }
                    pointers += 1;
                    if pointers > MAX_POINTERS {
                        return None;
                    }
                    at = usize::from(len ^ 0xc0) << 8 | usize::from(low);
                }
                _ => return None,
            }
        }
        if pointers == 0 {
            self.at = at;
        }
        if name.is_empty() {
            name.push(b'.');
        }
        (name.len() <= MAX_NAME).then(|| String::from_utf8_lossy(&name).into_owned())
    }

    pub(super) fn record(&mut self) -> Option<Record> {
        let owner = self.name()?;
        let kind = self.word()?;
        let _class_and_ttl: [u8; 6] = self.array()?;
        let len = self.word()?.into();
        Some(Record { owner, kind, len })
    }

    /// A record's data by `read`, which may leave some of it.
    pub(super) fn data<T>(
        &mut self,
        record: &Record,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let end = self.at + record.len;
        let data = read(self)?;
        self.at = end;
        Some(data)
    }

    /// Passes over a record's data.
    pub(super) fn skip(&mut self, record: &Record) -> Option<()> {
        self.at += record.len;
        (self.at <= self.message.len()).then_some(())
    }

    pub(super) fn octets<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.array()
    }
}
