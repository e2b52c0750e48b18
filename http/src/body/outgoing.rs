//! A body as hyper sends it, and the part of it that still has to be made.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::incoming::Incoming;
use super::pipe::{Receiver, pipe};
use super::reader::copy_into;
use super::writer::BodyWriter;
use super::{Body, Kind, Maker};

/// What hyper takes.
pub(crate) enum Outgoing {
    /// In one piece; `None` once it is sent, or empty.
    Whole(Option<Bytes>),
    /// Made by a goroutine, of this length if it is known.
    Piped(Receiver, Option<u64>),
    /// Passed on from a peer.
    Relayed(Incoming),
}

impl Outgoing {
    /// The same again, if it is in one piece.
    pub(crate) fn again(&self) -> Option<Outgoing> {
        match self {
            Outgoing::Whole(data) => Some(Outgoing::Whole(data.clone())),
            _ => None,
        }
    }
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            Outgoing::Whole(data) => Poll::Ready(data.take().map(|data| Ok(Frame::data(data)))),
            Outgoing::Piped(frames, _) => Pin::new(frames).poll_frame(cx),
            Outgoing::Relayed(incoming) => incoming.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Outgoing::Whole(data) => data.is_none(),
            Outgoing::Piped(frames, _) => frames.is_end_stream(),
            Outgoing::Relayed(incoming) => incoming.is_end(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Outgoing::Whole(data) => SizeHint::with_exact(data.as_ref().map_or(0, |d| d.len() as u64)),
            Outgoing::Piped(_, Some(len)) => SizeHint::with_exact(*len),
            Outgoing::Piped(..) => SizeHint::default(),
            Outgoing::Relayed(incoming) => incoming.size_hint(),
        }
    }
}

/// Makes the frames of a body; runs on a goroutine.
pub(crate) struct Producer {
    maker: Maker,
    writer: BodyWriter,
}

impl Producer {
    /// Runs to the body's end, or until nobody takes more of it.
    pub(crate) fn run(self) {
        let mut writer = self.writer;
        let result = match self.maker {
            Maker::Stream(f) => f(&mut writer),
            Maker::Reader(mut reader, len) => copy_into(&mut reader, &mut writer, len),
        };
        writer.finish(result);
    }
}

impl Body {
    /// Splits the body into what hyper takes and what a goroutine has to run for it.
    pub(crate) fn into_outgoing(self) -> (Outgoing, Option<Producer>) {
        let (maker, len) = match self.kind {
            Kind::Empty => return (Outgoing::Whole(None), None),
            Kind::Bytes(data) => return (Outgoing::Whole(Some(data).filter(|d| !d.is_empty())), None),
            Kind::Incoming(incoming) => return (Outgoing::Relayed(incoming), None),
            Kind::Made(maker) => {
                let len = maker.len();
                (maker, len)
            }
        };
        let (sender, receiver) = pipe();
        (Outgoing::Piped(receiver, len), Some(Producer { maker, writer: BodyWriter::new(sender) }))
    }
}
