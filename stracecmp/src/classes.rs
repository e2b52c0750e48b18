//! The classes of differences, and the words for each.

/// A class of difference, in the order in which a report names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Another exit status, or a signal.
    EndsOtherwise,
    /// Blocked in other calls at the end.
    BlockedElsewhere,
    /// Another outcome of the same call.
    OtherResult,
    /// Registered without EPOLLET.
    LevelTriggered,
    /// Registered with EPOLLET where the reference does not.
    EdgeTriggered,
    /// Registered for other events.
    OtherEvents,
    /// Registered with EPOLLONESHOT or changed with EPOLL_CTL_MOD.
    Rearmed,
    /// Registered with EPOLLEXCLUSIVE.
    Exclusive,
    /// Another operation on a registration.
    OtherRegistration,
    /// Not registered at all.
    NotRegistered,
    /// Registered where the reference does not.
    RegisteredTooMuch,
    /// Closed while registered.
    NoDelBeforeClose,
    /// Closed first, taken out after.
    ClosedBeforeDel,
    /// Not closed.
    NotClosed,
    /// Made without SOCK_NONBLOCK or SOCK_CLOEXEC.
    CreationFlags,
    /// A call went on without an event.
    NoWaitForEvent,
    /// Waited where the reference does not.
    WaitsMore,
    /// Woken by other events.
    OtherReadiness,
    /// Waited without trying first, or tried less often.
    DidNotTryFirst,
    /// Tried in vain where the reference does not.
    TriesMore,
    /// The same bytes by another call.
    OtherCallForData,
    /// The same call with another size of buffer.
    OtherBuffer,
    /// Other bytes.
    OtherData,
    /// Another backlog.
    OtherBacklog,
    /// Socket options.
    SocketOptions,
    /// Another address family or address.
    OtherAddress,
    /// The address is not asked for.
    AddressNotAsked,
    /// Another argument.
    OtherArgument,
    /// A call is left out.
    LeftOut,
    /// A call is made that the reference does not make.
    Added,
    /// A call is made once more.
    Repeated,
    /// The same calls on one descriptor in another order.
    OtherOrder,
    /// There is no epoll instance, or no eventfd to wake it.
    NoPoller,
    /// The probe sockets are missing.
    NoProbes,
    /// Other files.
    Files,
    /// A descriptor is missing.
    FdMissing,
    /// A descriptor that the reference does not have.
    FdExtra,
    /// Only the order among descriptors.
    OnlyOrder,
    /// Polled with a limit.
    LimitedWait,
    /// Never blocked in the poller.
    NeverBlocks,
    /// No limit expired.
    NoTimerWait,
    /// A limit of another length.
    OtherLimit,
    /// Blocked where the reference never does.
    BlocksTooMuch,
    /// Asked far too often.
    BusyPolling,
    /// Another way to ask.
    PollShape,
    /// Polls of two shapes, or one that failed (L1).
    OddPolls,
    /// An event of a descriptor that is gone, or that nobody asked for (L2).
    StaleEvent,
    /// A tag used twice (L3).
    TagReused,
    /// The eventfd is not used as Go uses it (L4).
    Break,
    /// Two threads block in the poller at once (L6).
    TwoPollers,
    /// A descriptor made twice (L8).
    MadeTwice,
    /// Child processes.
    Children,
    /// The start-up.
    StartUp,
}

/// The words for a class: what it is, what that means for any program, and what Go does.
pub(crate) struct Words {
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
    pub(crate) go: &'static str,
}

impl Class {
    /// All of them.
    pub const ALL: [Class; 53] = [
        Class::EndsOtherwise,
        Class::BlockedElsewhere,
        Class::OtherResult,
        Class::LevelTriggered,
        Class::EdgeTriggered,
        Class::OtherEvents,
        Class::Rearmed,
        Class::Exclusive,
        Class::OtherRegistration,
        Class::NotRegistered,
        Class::RegisteredTooMuch,
        Class::NoDelBeforeClose,
        Class::ClosedBeforeDel,
        Class::NotClosed,
        Class::CreationFlags,
        Class::NoWaitForEvent,
        Class::WaitsMore,
        Class::OtherReadiness,
        Class::DidNotTryFirst,
        Class::TriesMore,
        Class::OtherCallForData,
        Class::OtherBuffer,
        Class::OtherData,
        Class::OtherBacklog,
        Class::SocketOptions,
        Class::OtherAddress,
        Class::AddressNotAsked,
        Class::OtherArgument,
        Class::LeftOut,
        Class::Added,
        Class::Repeated,
        Class::OtherOrder,
        Class::NoPoller,
        Class::NoProbes,
        Class::Files,
        Class::FdMissing,
        Class::FdExtra,
        Class::OnlyOrder,
        Class::LimitedWait,
        Class::NeverBlocks,
        Class::NoTimerWait,
        Class::OtherLimit,
        Class::BlocksTooMuch,
        Class::BusyPolling,
        Class::PollShape,
        Class::OddPolls,
        Class::StaleEvent,
        Class::TagReused,
        Class::Break,
        Class::TwoPollers,
        Class::MadeTwice,
        Class::Children,
        Class::StartUp,
    ];

    pub(crate) fn words(self) -> Words {
        let (title, text, go) = self.row();
        Words { title, text, go }
    }

    fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Class::EndsOtherwise => (
                "another end",
                "One of the two does not come to the same end: what differs before it is the way there.",
                "",
            ),
            Class::BlockedElsewhere => (
                "blocked in other calls",
                "What a program waits in when it is stopped is what it never got.",
                "",
            ),
            Class::OtherResult => {
                ("another outcome", "The same call with the same arguments ends with another result.", "")
            }
            Class::LevelTriggered => (
                "level-triggered",
                "Without EPOLLET every poll reports the descriptor again while it is ready.",
                "Go registers each descriptor once, with EPOLLET: an event is reported once per change, and who tries the \
                 call until EAGAIN misses none.",
            ),
            Class::EdgeTriggered => (
                "edge-triggered",
                "With EPOLLET an event is reported once per change: who does not read until EAGAIN may wait for ever.",
                "",
            ),
            Class::OtherEvents => (
                "other events asked for",
                "The descriptor is registered for other events.",
                "Go asks for EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET at once, so it never has to change a registration.",
            ),
            Class::Rearmed => (
                "registration changed or one-shot",
                "With EPOLLONESHOT or EPOLL_CTL_MOD a registration costs a call for each wait.",
                "Go never calls EPOLL_CTL_MOD: one edge-triggered registration for both directions lasts a descriptor's life.",
            ),
            Class::Exclusive => (
                "EPOLLEXCLUSIVE",
                "One event wakes one of the pollers that share the descriptor, not all of them.",
                "",
            ),
            Class::OtherRegistration => {
                ("another registration", "The poller is told something else about the descriptor.", "")
            }
            Class::NotRegistered => (
                "not registered with the poller",
                "The reference adds the descriptor to its poller.",
                "Go adds each pollable descriptor when it is made, also one that is never waited for.",
            ),
            Class::RegisteredTooMuch => (
                "a registration that the reference does not make",
                "The poller is told about a descriptor where the reference says nothing to it.",
                "Short-lived descriptors such as probe sockets never meet the poller in Go.",
            ),
            Class::NoDelBeforeClose => (
                "no EPOLL_CTL_DEL before close",
                "A descriptor that is closed while it is registered leaves the poller by itself only if no duplicate of it is open.",
                "Go takes a descriptor out of the poller before it closes it, so no event can name a descriptor that is gone.",
            ),
            Class::ClosedBeforeDel => (
                "closed before EPOLL_CTL_DEL",
                "After close the number may belong to another descriptor already, and EPOLL_CTL_DEL hits that one.",
                "Go takes a descriptor out of the poller before it closes it.",
            ),
            Class::NotClosed => {
                ("not closed", "The reference closes this descriptor; here it stays open until the end.", "")
            }
            Class::CreationFlags => (
                "made with other flags",
                "SOCK_NONBLOCK and SOCK_CLOEXEC in the call that makes the descriptor save an fcntl, and the moment in which a \
                 fork could inherit it.",
                "Go asks for both in the call that makes the descriptor.",
            ),
            Class::NoWaitForEvent => (
                "went on without an event",
                "The reference has an event between the call that had to wait and the next one; here there is none.",
                "After EAGAIN Go parks the goroutine and tries again only when the poller has reported that direction.",
            ),
            Class::WaitsMore => (
                "waits where the reference does not",
                "An event came in between here, and not in the reference.",
                "",
            ),
            Class::OtherReadiness => {
                ("woken by other events", "The poller reported other events for the descriptor.", "")
            }
            Class::DidNotTryFirst => (
                "did not try first",
                "The reference makes the call at once and waits only after EAGAIN.",
                "Go makes the call at once and waits only after EAGAIN.",
            ),
            Class::TriesMore => {
                ("tries in vain more often", "The call is made where nothing is there yet.", "")
            }
            Class::OtherCallForData => (
                "another call for the same data",
                "The same bytes pass by another call.",
                "Go reads and writes connections with read and write. Rust's standard library uses recvfrom and sendto on \
                 sockets; code built on it shows here.",
            ),
            Class::OtherBuffer => (
                "a buffer of another size",
                "The call is made with another size than the reference's: another buffer, or a short read that is continued.",
                "",
            ),
            Class::OtherData => {
                ("other data", "The program reads, writes or prints other bytes than the reference.", "")
            }
            Class::OtherBacklog => (
                "another backlog",
                "So many connections may wait to be accepted.",
                "Go listens with what /proc/sys/net/core/somaxconn says (SOMAXCONN here). Rust's standard library uses a constant.",
            ),
            Class::SocketOptions => (
                "socket options",
                "Another option is set, or to another value.",
                "Go sets SO_REUSEADDR on listeners, IPV6_V6ONLY on IPv6 sockets, and on TCP connections TCP_NODELAY and \
                 keep-alive (15 s, 15 s, 9 probes), in this order.",
            ),
            Class::OtherAddress => (
                "another address",
                "The family, the address or the port is another one.",
                "For an address without a host Go listens on one IPv6 socket for both families if the machine can.",
            ),
            Class::AddressNotAsked => (
                "the address is not asked for",
                "The reference asks the kernel for this address.",
                "Go calls getsockname once a descriptor is bound, accepted or connected, and getpeername when it is not told, \
                 and keeps the answers.",
            ),
            Class::OtherArgument => ("another argument", "The same call is made with another argument.", ""),
            Class::LeftOut => {
                ("a call is left out", "The reference makes a call that the candidate does not make.", "")
            }
            Class::Added => {
                ("a call too many", "The candidate makes a call that the reference does not make.", "")
            }
            Class::Repeated => ("a call made once more", "The candidate makes the same call again.", ""),
            Class::OtherOrder => {
                ("another order", "The same calls on one descriptor come in another order.", "")
            }
            Class::NoPoller => (
                "no poller",
                "The reference makes an epoll instance, or an eventfd that wakes it; the candidate does not.",
                "Go makes both with the first descriptor or timer that needs them.",
            ),
            Class::NoProbes => (
                "no probe for IPv4 and IPv6",
                "The reference makes sockets that are closed at once.",
                "Before the first use of the network Go makes three sockets that only find out which families work.",
            ),
            Class::Files => ("other files", "The program opens other files than the reference.", ""),
            Class::FdMissing => (
                "a descriptor is missing",
                "The reference has a descriptor to which nothing corresponds here.",
                "",
            ),
            Class::FdExtra => (
                "a descriptor that the reference does not have",
                "Nothing in the reference corresponds to it.",
                "",
            ),
            Class::OnlyOrder => (
                "only the order differs",
                "Each descriptor sees what it should; what differs is when, relative to the others.",
                "",
            ),
            Class::LimitedWait => (
                "polled with a timeout",
                "The candidate wakes up after a time although nothing happened; the reference does not.",
                "Without timers Go's last idle thread waits in epoll_pwait without limit: an idle program costs nothing.",
            ),
            Class::NeverBlocks => (
                "never blocks in the poller",
                "A program that only polls with 0 spins; one that sleeps elsewhere wakes late.",
                "When nothing can run, one thread of Go waits in epoll_pwait(-1).",
            ),
            Class::NoTimerWait => (
                "timers do not end a wait in the poller",
                "In the reference a wait in the poller ends because its time is over.",
                "Go has no timer thread: the thread in epoll_pwait waits until the next timer is due.",
            ),
            Class::OtherLimit => (
                "a limit of another length",
                "The longest limit that expired in the poller is not the reference's (within 10 % and 5 ms).",
                "",
            ),
            Class::BlocksTooMuch => (
                "blocks in the poller where the reference never does",
                "No run of the reference waits there: the candidate leaves out what keeps it busy, or waits too early.",
                "",
            ),
            Class::BusyPolling => (
                "polls far more often",
                "Many empty polls mean a loop that spins.",
                "Go asks with timeout 0 only while it looks for work.",
            ),
            Class::PollShape => (
                "another way to poll",
                "Another call, or another size of its list of events.",
                "Go calls epoll_pwait with room for 128 events and no signal mask.",
            ),
            Class::OddPolls => (
                "polls of different kinds, or failed ones",
                "The poller is asked in several ways, or refuses.",
                "All polls of a program look the same in Go.",
            ),
            Class::StaleEvent => (
                "an event of a descriptor that is gone",
                "The poller reported a tag that was not registered, or no longer. A tag must be taken out before its memory goes.",
                "",
            ),
            Class::TagReused => (
                "a tag used twice",
                "An event that is late for one descriptor may wake the next one.",
                "Go's tags carry a sequence number, so that it cannot.",
            ),
            Class::Break => (
                "the poller's break",
                "The eventfd that wakes the poller is used in another way.",
                "Go wakes a blocked poller by writing the eight bytes of 1 to an eventfd, registered for EPOLLIN and level-\
                 triggered, and only a thread that was blocked reads it, at once.",
            ),
            Class::TwoPollers => (
                "two threads block in the poller",
                "Two threads wait in the same poller at once.",
                "In Go at most one thread waits in the poller; the others sleep on a futex.",
            ),
            Class::MadeTwice => (
                "a descriptor made twice",
                "A number was made that was still open: the log lacks its close, or something closed it that strace did not see.",
                "",
            ),
            Class::Children => ("child processes", "Children make other calls, or their number differs.", ""),
            Class::StartUp => (
                "start-up",
                "What the runtime does before the program's first own call differs (rule P2).",
                "",
            ),
        }
    }
}
