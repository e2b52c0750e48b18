package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	a, b := make(chan os.Signal, 4), make(chan os.Signal, 4)
	signal.Notify(a, syscall.SIGUSR1, syscall.SIGUSR2)
	signal.Notify(b, syscall.SIGUSR2, syscall.SIGHUP)
	send(syscall.SIGUSR1)
	fmt.Println(<-a, len(b))
	send(syscall.SIGUSR2)
	fmt.Println(<-a, <-b)
	signal.Stop(a)
	send(syscall.SIGUSR2)
	fmt.Println(<-b, len(a))
	send(syscall.SIGHUP)
	fmt.Println(<-b, len(a))
	signal.Stop(b)
}

func send(s syscall.Signal) {
	syscall.Kill(os.Getpid(), s)
	time.Sleep(30 * time.Millisecond)
}
