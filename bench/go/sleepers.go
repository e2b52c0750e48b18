package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

func yields() {
	tasks := number("tasks", 2)
	timed(number("n", 2_000_000), func(n int) {
		all(tasks, func() {
			for range n / tasks {
				runtime.Gosched()
			}
		})
	})
}

type memory struct{ rss, pss, pageTables, machine float64 }

func memoryNow() memory {
	return memory{
		rss:        bytesIn("/proc/self/status", "VmRSS:"),
		pss:        bytesIn("/proc/self/smaps_rollup", "Pss:"),
		pageTables: bytesIn("/proc/self/status", "VmPTE:"),
		machine:    -bytesIn("/proc/meminfo", "MemFree:"),
	}
}

// bytesIn finds the number after label in one of /proc's lists of "label: number kB".
func bytesIn(path, label string) float64 {
	list, err := os.ReadFile(path)
	must(err)
	for _, line := range strings.Split(string(list), "\n") {
		if rest, found := strings.CutPrefix(line, label); found {
			kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			must(err)
			return kib * 1024
		}
	}
	return 0
}

// sleepers: n goroutines sleep until one common moment, hold_ms after the start; memory is read while all sleep.
func sleepers() {
	n, hold := number("n", 100_000), time.Duration(number("hold_ms", 2000))*time.Millisecond
	var asleep, up, lastUp atomic.Int64
	before, cpu, opened := memoryNow(), cpuNs(), time.Now()
	for range n {
		go func() {
			asleep.Add(1)
			left := hold - time.Since(opened)
			time.Sleep((left + time.Millisecond - 1).Truncate(time.Millisecond))
			if up.Add(1) == int64(n) {
				lastUp.Store(int64(time.Since(opened)))
			}
		}()
	}
	for asleep.Load() != int64(n) {
		time.Sleep(time.Millisecond)
	}
	spawn, now := time.Since(opened), memoryNow()
	for lastUp.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	cpu = cpuNs() - cpu
	late := 0
	if spawn+100*time.Millisecond > hold {
		late = 1 // the first woke while the last were being spawned
	}
	ms := func(d time.Duration) float64 { return float64(d) / 1e6 }
	each := func(growth float64) float64 { return growth / float64(n) }
	answer(fmt.Sprintf("n=%d spawn_ms=%.3f late=%d wake_ms=%.3f cpu_ns_per_op=%.3f "+
		"rss_per=%.3f pss_per=%.3f pte_per=%.3f sys_per=%.3f",
		n, ms(spawn), late, ms(time.Duration(lastUp.Load())-hold), each(float64(cpu)),
		each(now.rss-before.rss), each(now.pss-before.pss),
		each(now.pageTables-before.pageTables), each(now.machine-before.machine)))
}
