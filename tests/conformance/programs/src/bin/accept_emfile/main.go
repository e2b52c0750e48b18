package main

import (
	"fmt"
	"net"
	"syscall"
)

func main() {
	ln, err := net.Listen("tcp4", "127.0.0.1:20064")
	if err != nil {
		fmt.Println(err)
		return
	}
	started, err := net.ListenPacket("udp4", "127.0.0.1:20064")
	if err != nil {
		fmt.Println(err)
		return
	}
	started.ReadFrom(make([]byte, 8))
	started.Close()
	var limit syscall.Rlimit
	syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	limit.Cur = 7
	fmt.Println(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
	a, err := ln.Accept()
	fmt.Println(err)
	_, err = ln.Accept()
	fmt.Println(err)
	_, err = net.Dial("tcp4", "127.0.0.1:20064")
	fmt.Println(err)
	a.Close()
	b, err := ln.Accept()
	fmt.Println(err)
	b.Close()
	ln.Close()
}
