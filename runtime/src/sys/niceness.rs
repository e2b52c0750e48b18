//! A thread's share of the processors: nice, and below it SCHED_IDLE. sched(7), setpriority(2),
//! sched_setscheduler(2).
//!
//! Of two computing threads on one processor, one a nice step above the other, the lower gets 1.25
//! times the time: nice 0 has weight 1024, nice 19 weight 15, SCHED_IDLE 3. Any thread may raise
//! its niceness; lowering it takes CAP_SYS_NICE or RLIMIT_NICE.
//!
//! A thread is named by its tid; 0 is the caller's. The caller guarantees that the tid's thread is
//! alive: the kernel gives the tids of ended threads to other processes.

use std::io;

/// The last nice value.
const NICE_MAX: i32 = 19;
/// [`Niceness::nicer`] steps down to SCHED_IDLE from every nice value.
pub(crate) const STEPS_TO_IDLE: u32 = 20;

/// A policy of the fair class, and the nice value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Niceness {
    policy: i32,
    nice: i32,
}

impl Niceness {
    /// The thread's niceness. `None` for other policies (real time, deadline), for one that cannot
    /// go lower (SCHED_IDLE), and if the system does not say.
    pub(crate) fn of(tid: i32) -> Option<Niceness> {
        // SAFETY: these calls take numbers only. The raw getpriority returns 20 - nice, so that -1
        // is an error.
        let (policy, rank) = unsafe {
            (libc::sched_getscheduler(tid), libc::syscall(libc::SYS_getpriority, libc::PRIO_PROCESS, tid))
        };
        let fair = matches!(policy, libc::SCHED_OTHER | libc::SCHED_BATCH);
        (fair && rank > 0).then_some(Niceness { policy, nice: 20 - rank as i32 })
    }

    /// `steps` nice steps up; beyond the last one, SCHED_IDLE.
    pub(crate) fn nicer(self, steps: u32) -> Niceness {
        let nice = self.nice + steps.min(STEPS_TO_IDLE) as i32;
        if steps >= STEPS_TO_IDLE || nice > NICE_MAX {
            Niceness { policy: libc::SCHED_IDLE, nice: self.nice }
        } else {
            Niceness { policy: self.policy, nice }
        }
    }

    /// Sets the thread's niceness. SCHED_IDLE keeps the present nice value, since lowering it again
    /// takes a privilege.
    #[inline(never)]
    pub(crate) fn set(self, tid: i32) -> io::Result<()> {
        let param = libc::sched_param { sched_priority: 0 };
        // SAFETY: sched_param is valid for the call, and setpriority takes numbers only.
        let failed = unsafe {
            libc::sched_setscheduler(tid, self.policy, &param) != 0
                || self.policy != libc::SCHED_IDLE
                    && libc::setpriority(libc::PRIO_PROCESS, tid as libc::id_t, self.nice) != 0
        };
        if failed { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Both halves in a word, for an atomic.
    pub(crate) fn to_word(self) -> u32 {
        (self.policy as u32) << 8 | (self.nice + 20) as u32
    }

    /// The inverse of `to_word`.
    pub(crate) fn from_word(word: u32) -> Niceness {
        Niceness { policy: (word >> 8) as i32, nice: (word & 0xff) as i32 - 20 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_end_in_idle() {
        let own = Niceness { policy: libc::SCHED_OTHER, nice: 5 };
        assert_eq!(own.nicer(0), own);
        assert_eq!(own.nicer(14), Niceness { policy: libc::SCHED_OTHER, nice: 19 });
        assert_eq!(own.nicer(15).policy, libc::SCHED_IDLE);
        assert_eq!(own.nicer(STEPS_TO_IDLE).policy, libc::SCHED_IDLE);
        assert_eq!(Niceness::from_word(own.nicer(3).to_word()), own.nicer(3));
    }

    #[test]
    fn a_thread_takes_the_niceness_it_is_given() {
        // On its own thread: not every process may lower it again.
        std::thread::spawn(|| {
            let own = Niceness::of(0).expect("a test runs under a fair policy");
            own.nicer(3).set(0).unwrap();
            assert_eq!(Niceness::of(0), Some(own.nicer(3)));
            own.nicer(STEPS_TO_IDLE).set(0).unwrap();
            // SAFETY: takes a number.
            assert_eq!(unsafe { libc::sched_getscheduler(0) }, libc::SCHED_IDLE);
            assert_eq!(Niceness::of(0), None);
        })
        .join()
        .unwrap();
    }
}
