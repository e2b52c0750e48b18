package main

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

func main() {
	ln, err := net.Listen("tcp4", "127.0.0.1:20083")
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := ln.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := c.Read(make([]byte, 8))
	fmt.Println(n, errors.Is(err, syscall.ECONNRESET))
	n, err = c.Read(make([]byte, 8))
	fmt.Println(n, err)
	n, err = c.Write([]byte("x"))
	fmt.Println(n, errors.Is(err, syscall.EPIPE))
	c.Close()
	c, err = ln.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err = c.Read(make([]byte, 8))
	fmt.Println(n, err)
	c.(*net.TCPConn).SetNoDelay(false)
	c.(*net.TCPConn).SetLinger(-1)
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
	ln.Close()
}
