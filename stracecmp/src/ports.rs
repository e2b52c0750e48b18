//! Ports that the kernel chose (A2): which mentions of one number are one choice.
//!
//! The kernel may choose one number twice: for a socket after another has closed, for IPv4 next to IPv6, for UDP next to
//! TCP. So a number alone does not say what it is; who holds it does.
//!
//! Invariants:
//! - I1: a port that the program names itself is kept: a server on another fixed port differs.
//! - I2: a choice belongs to one socket and its duplicates, and comes from one connection; a further socket or connection
//!   with its number is another choice.

use std::collections::{HashMap, HashSet};

use crate::fds::FdId;

/// Which end of a socket an address is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum End {
    Local,
    Peer,
}

/// Who an address in a call belongs to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Holder {
    /// Nobody who is known.
    #[default]
    Nobody,
    /// The end of a socket, with a number that may have been named before.
    Names(FdId, End),
    /// The local end of a socket that the kernel gave a port.
    Given(FdId),
    /// The other end of a connection that was accepted.
    Accepted(FdId),
}

/// One choice of the kernel's (I2).
#[derive(Clone, Copy, Debug)]
struct Choice {
    id: u32,
    owned: bool,
    accepted: bool,
}

/// The ports that a log names.
#[derive(Debug, Default)]
pub(crate) struct Ports {
    /// By the kernel.
    pub(crate) chosen: HashSet<u32>,
    /// By the program (I1).
    pub(crate) fixed: HashSet<u32>,
    /// Who the addresses of the call under way belong to.
    pub(crate) holder: Holder,
    /// The last choice of each number.
    last: HashMap<u32, Choice>,
    held: HashMap<(FdId, End), (u32, u32)>,
    /// The socket that a descriptor duplicates.
    duplicates: HashMap<FdId, FdId>,
    choices: u32,
}

impl Ports {
    /// Descriptor `new` is another one for the socket of `old`.
    pub(crate) fn duplicate(&mut self, old: FdId, new: FdId) {
        let socket = self.socket(old);
        self.duplicates.insert(new, socket);
    }

    /// An accepted connection has the local port of its listener.
    pub(crate) fn accepted(&mut self, listener: FdId, connection: FdId) {
        if let Some(&local) = self.held.get(&(self.socket(listener), End::Local)) {
            self.held.insert((connection, End::Local), local);
        }
    }

    fn socket(&self, fd: FdId) -> FdId {
        self.duplicates.get(&fd).copied().unwrap_or(fd)
    }

    /// The choice that a port in the call under way is.
    pub(crate) fn choice(&mut self, port: u32) -> u32 {
        let (fd, end) = match self.holder {
            Holder::Nobody => return self.known(port, |_| true).id,
            Holder::Names(fd, end) => (fd, end),
            Holder::Given(fd) => (fd, End::Local),
            Holder::Accepted(fd) => (fd, End::Peer),
        };
        let key = (self.socket(fd), end);
        if let Some(&(_, id)) = self.held.get(&key).filter(|held| held.0 == port) {
            return id;
        }
        let choice = match self.holder {
            Holder::Given(_) => self.known(port, |c| !std::mem::replace(&mut c.owned, true)),
            Holder::Accepted(_) => self.known(port, |c| !std::mem::replace(&mut c.accepted, true)),
            _ => self.known(port, |_| true),
        };
        self.held.insert(key, (port, choice.id));
        choice.id
    }

    /// The last choice of a number, if it may be that one; else a new one, which `may` has seen.
    fn known(&mut self, port: u32, may: impl Fn(&mut Choice) -> bool) -> Choice {
        if let Some(choice) = self.last.get_mut(&port)
            && may(choice)
        {
            return *choice;
        }
        self.choices += 1;
        let mut new = Choice { id: self.choices, owned: false, accepted: false };
        may(&mut new);
        self.last.insert(port, new);
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(ports: &mut Ports, holder: Holder, port: u32) -> u32 {
        ports.holder = holder;
        ports.choice(port)
    }

    #[test]
    fn a_number_that_comes_twice_is_two_choices() {
        let mut p = Ports::default();
        let [a, b, c, dup] = [1, 2, 3, 4].map(FdId);
        assert_eq!(ask(&mut p, Holder::Given(a), 40000), 1);
        p.duplicate(a, dup);
        assert_eq!(ask(&mut p, Holder::Given(dup), 40000), 1, "a duplicate is the same socket");
        assert_eq!(ask(&mut p, Holder::Names(b, End::Peer), 40000), 1, "connecting to it");
        assert_eq!(ask(&mut p, Holder::Given(b), 40000), 2, "another socket");
        assert_eq!(ask(&mut p, Holder::Given(a), 40000), 1, "asked again");
        assert_eq!(ask(&mut p, Holder::Names(c, End::Local), 40000), 2, "bound to by the program");
        assert_eq!(ask(&mut p, Holder::Given(c), 40000), 2);
    }

    #[test]
    fn a_client_and_its_accepted_connection_name_one_choice() {
        let mut p = Ports::default();
        let [listener, one, two, client, client2] = [1, 2, 3, 4, 5].map(FdId);
        assert_eq!(ask(&mut p, Holder::Given(listener), 35000), 1);
        assert_eq!(ask(&mut p, Holder::Accepted(one), 40000), 2);
        p.accepted(listener, one);
        assert_eq!(ask(&mut p, Holder::Given(one), 35000), 1, "the listener's");
        assert_eq!(ask(&mut p, Holder::Given(client), 40000), 2);
        assert_eq!(ask(&mut p, Holder::Accepted(two), 40000), 3, "a later connection");
        assert_eq!(ask(&mut p, Holder::Given(client2), 40000), 3);
        assert_eq!(ask(&mut p, Holder::Nobody, 40000), 3);
    }
}
