package main

import (
	"sync"
	"sync/atomic"
	"time"
)

// all runs body in n goroutines and waits for them.
func all(n int, body func()) {
	var group sync.WaitGroup
	group.Add(n)
	for range n {
		go func() {
			body()
			group.Done()
		}()
	}
	group.Wait()
}

func spawnJoin() {
	batch := number("batch", 1000)
	var count atomic.Int64
	timed(number("n", 1_000_000), func(n int) {
		count.Store(0)
		for range n / batch {
			all(batch, func() { count.Add(1) })
		}
		if count.Load() != int64(n/batch*batch) {
			panic("a task was lost")
		}
	})
}

func chanPingpong() {
	there, back := make(chan int), make(chan int)
	go func() {
		for v := range there {
			back <- v
		}
	}()
	timed(number("n", 200_000), func(n int) {
		for i := range n {
			there <- i
			if <-back != i {
				panic("another message came back")
			}
		}
	})
}

func chanMpsc() {
	producers, capacity := number("producers", 4), number("cap", 128)
	timed(number("n", 1_000_000), func(n int) {
		messages := make(chan int, capacity)
		go func() {
			all(producers, func() {
				for i := range n / producers {
					messages <- i
				}
			})
			close(messages)
		}()
		got := 0
		for range messages {
			got++
		}
		if got != n/producers*producers {
			panic("a message was lost")
		}
	})
}

func mutexContended() {
	tasks := number("tasks", 8)
	timed(number("n", 4_000_000), func(n int) {
		var lock sync.Mutex
		count := 0
		all(tasks, func() {
			for range n / tasks {
				lock.Lock()
				count++
				lock.Unlock()
			}
		})
		if count != n/tasks*tasks {
			panic("an increment was lost")
		}
	})
}

// timers: kind=chan takes timers with a channel instead of those that call a function.
func timers() {
	live := number("live", 10_000)
	span := func(i int) time.Duration { return time.Hour + time.Duration(i)*time.Microsecond }
	start := func(i int) *time.Timer { return time.AfterFunc(span(i), func() {}) }
	if job.keys["kind"] == "chan" {
		start = func(i int) *time.Timer { return time.NewTimer(span(i)) }
	}
	held := make([]*time.Timer, live)
	for i := range held {
		held[i] = start(i)
	}
	time.Sleep(5 * time.Millisecond)
	reset := job.keys["op"] == "reset"
	timed(number("n", 1_000_000), func(n int) {
		for i := range n {
			if reset {
				held[i%live].Reset(span(i))
			} else {
				start(i).Stop()
			}
		}
	})
	for _, timer := range held {
		timer.Stop()
	}
}
