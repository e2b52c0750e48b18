//! What a condition variable sleeps on. Go: runtime/sema.go notifyList.
//!
//! A waiter enters the list **before** it gives up the lock under which it looked at its condition,
//! so a notification sent by anyone who took that lock later finds it, even if it is not parked
//! yet. Go draws a ticket at that point and queues later; here the waiter itself is listed at once,
//! because a wait that is interrupted must leave nothing behind: a ticket whose owner has gone
//! would swallow a notification meant for another.

use std::pin::Pin;

use super::wait_list::{HasWaitList, Taken, WaitList, Waiter};
use crate::words::shim::Mutex;
use crate::words::shim::atomic::{AtomicUsize, Ordering::Relaxed};

/// See the file's head.
pub(crate) struct NotifyList {
    /// Length of the list. Written with the lock held; read without, to notify nobody at the price
    /// of a load. Relaxed everywhere: ordered by the user's lock, which a waiter holds while it
    /// enters and a notifier takes before it counts on being heard.
    len: AtomicUsize,
    list: Mutex<WaitList>,
}

impl NotifyList {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        NotifyList { len: AtomicUsize::new(0), list: Mutex::new(WaitList::new()) }
    }
    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        NotifyList { len: AtomicUsize::new(0), list: Mutex::new(WaitList::new()) }
    }

    /// Lists the caller: a notification from now on counts for it.
    ///
    /// # Safety
    /// As for [`WaitList::push`].
    #[doc(alias = "notifyListAdd")]
    pub(crate) unsafe fn add(&self, waiter: Pin<&Waiter>) {
        let mut list = self.list.lock();
        // SAFETY: the caller's duty.
        unsafe { list.push(waiter) };
        self.len.fetch_add(1, Relaxed);
    }

    /// Notifies the one that waits longest; tells whether there was one.
    #[doc(alias = "notifyListNotifyOne")]
    pub(crate) fn notify_one(&self) -> bool {
        self.notify(WaitList::take_first) > 0
    }

    /// Notifies all; returns how many there were.
    #[doc(alias = "notifyListNotifyAll")]
    pub(crate) fn notify_all(&self) -> usize {
        self.notify(WaitList::take_all)
    }

    fn notify(&self, take: impl FnOnce(&mut WaitList) -> Taken) -> usize {
        if self.len.load(Relaxed) == 0 {
            return 0;
        }
        let mut list = self.list.lock();
        let taken = take(&mut list);
        self.len.fetch_sub(taken.count, Relaxed);
        drop(list);
        let count = taken.count;
        taken.tell();
        count
    }
}

impl HasWaitList for NotifyList {
    type Locked = WaitList;
    fn lock(&self) -> &Mutex<WaitList> {
        &self.list
    }
    fn list(list: &mut WaitList) -> &mut WaitList {
        list
    }
    fn has_left(&self, _list: &mut WaitList) -> Taken {
        self.len.fetch_sub(1, Relaxed);
        Taken::none()
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use crate::sched::g::WaitReason;
    use crate::sync::sema::{FromAnotherThread, wait_interruptible};
    use loom::sync::Arc;
    use loom::sync::atomic::AtomicBool;
    use std::pin::pin;

    fn model(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(preemptions);
        model.check(f);
    }

    /// A condition variable in small: who looks at the condition under the lock and finds it unmet
    /// is woken by who meets it.
    #[test]
    fn loom_condition_wakes() {
        model(3, || {
            let shared = Arc::new((Mutex::new(false), NotifyList::new()));
            let other = shared.clone();
            let waiter = loom::thread::spawn(move || {
                let waiter = pin!(Waiter::new(0));
                let met = other.0.lock();
                if !*met {
                    // SAFETY: fresh, and waited with below.
                    unsafe { other.1.add(waiter.as_ref()) };
                    drop(met);
                    waiter.as_ref().wait(WaitReason::SyncCondWait);
                    assert!(*other.0.lock(), "notified after it was met");
                }
            });
            *shared.0.lock() = true;
            shared.1.notify_one();
            waiter.join().unwrap();
            assert_eq!(shared.1.len.load(Relaxed), 0);
        });
    }

    /// A wait that is interrupted swallows no notification: of two waiters one takes it,
    /// interrupted or not.
    #[test]
    fn loom_interrupted_wait_swallows_no_notification() {
        model(2, || {
            let shared = Arc::new((NotifyList::new(), AtomicBool::new(false)));
            let other = shared.clone();
            let impatient = loom::thread::spawn(move || {
                let waiter = pin!(Waiter::new(0));
                // SAFETY: fresh, and waited with at once.
                unsafe { other.0.add(waiter.as_ref()) };
                let by = FromAnotherThread;
                let end = wait_interruptible(&other.0, waiter.as_ref(), WaitReason::SyncCondWait, &by);
                other.1.store(end.is_ok(), Relaxed);
            });
            let waiter = pin!(Waiter::new(0));
            // SAFETY: fresh, and waited with below.
            unsafe { shared.0.add(waiter.as_ref()) };
            assert!(shared.0.notify_one(), "we are on the list");
            impatient_or_not(&shared, impatient);
            waiter.as_ref().wait(WaitReason::SyncCondWait);
            assert_eq!(shared.0.len.load(Relaxed), 0);
        });
    }

    /// If the other one took the notification, ours is still to come.
    fn impatient_or_not(shared: &(NotifyList, AtomicBool), impatient: loom::thread::JoinHandle<()>) {
        impatient.join().unwrap();
        if shared.1.load(Relaxed) {
            assert!(shared.0.notify_one(), "the other took the first");
        }
    }
}
