// The workloads in Go, the program that gopark is measured against. The contract is in ../README.md; the Rust
// contestants' half of it is contract.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// job is the command line: a workload and its keys.
var job = struct {
	workload string
	keys     map[string]string
}{keys: map[string]string{}}

func number(key string, otherwise int) int {
	text, given := job.keys[key]
	if !given {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	must(err)
	return n
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func answer(figures string) {
	name := os.Getenv("BENCH_NAME")
	if name == "" {
		name = runtime.Version()
	}
	fmt.Println(job.workload, name, figures)
}

// cpuNs is the CPU time of the process with all its threads.
func cpuNs() int64 {
	const processCPUTime = 2
	var at syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, processCPUTime, uintptr(unsafe.Pointer(&at)), 0)
	return at.Nano()
}

// timed does a tenth of n operations to warm up, then all of them, and answers with the cost of one.
func timed(n int, work func(n int)) {
	work(n / 10)
	wall, cpu := time.Now(), cpuNs()
	work(n)
	wallNs, usedNs := time.Since(wall).Nanoseconds(), cpuNs()-cpu
	each := func(ns int64) float64 { return float64(ns) / float64(n) }
	answer(fmt.Sprintf("n=%d ns_per_op=%.3f cpu_ns_per_op=%.3f", n, each(wallNs), each(usedNs)))
}

func main() {
	for i, word := range os.Args[1:] {
		if key, value, ok := strings.Cut(word, "="); ok {
			job.keys[key] = value
		} else if i == 0 {
			job.workload = word
		}
	}
	workloads := map[string]func(){
		"spawn_join": spawnJoin, "yield": yields, "chan_pingpong": chanPingpong, "chan_mpsc": chanMpsc,
		"mutex_contended": mutexContended, "timers": timers, "sleepers": sleepers,
		"tcp_echo": func() { serve(echo) }, "tcp_conn": func() { serve(oneLine) }, "http_hello": httpHello,
	}
	run, known := workloads[job.workload]
	if !known {
		os.Exit(3)
	}
	runtime.GOMAXPROCS(number("workers", 2))
	if job.workload != "timers" {
		parkBystanders(number("live", 0))
	}
	startHogs(number("hogs", 0))
	startAsleep(number("asleep", 0))
	if settle := number("settle_ms", 0); settle > 0 {
		time.Sleep(time.Duration(settle) * time.Millisecond)
	}
	run()
}

// parkBystanders leaves n goroutines parked for ever, to see whether the rest grows slower by them. It returns
// when all have had their first turn.
func parkBystanders(n int) {
	var started atomic.Int64
	never := make(chan struct{})
	for range n {
		go func() {
			started.Add(1)
			<-never
		}()
	}
	for started.Load() < int64(n) {
		runtime.Gosched()
	}
}

// startHogs runs n goroutines that compute and never enter the runtime by themselves.
func startHogs(n int) {
	for range n {
		go func() {
			for x := uint64(1); ; {
				x = x*6364136223846793005 + 1442695040888963407
				if x == 0 {
					fmt.Fprint(os.Stderr, "")
				}
			}
		}()
	}
}

// startAsleep runs n goroutines that sleep in a system call, as a thread does, 5 s at a time.
func startAsleep(n int) {
	for range n {
		go func() {
			for {
				pause := syscall.Timespec{Sec: 5}
				syscall.Nanosleep(&pause, nil)
			}
		}()
	}
}
