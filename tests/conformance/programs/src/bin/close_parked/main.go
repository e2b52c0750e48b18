package main

import (
	"errors"
	"fmt"
	"net"
	"time"
)

func main() {
	ln, err := net.Listen("tcp", "127.0.0.1:20062")
	if err != nil {
		fmt.Println(err)
		return
	}
	l := ln.(*net.TCPListener)
	fmt.Println(l.SetDeadline(time.Now().Add(-time.Second)))
	_, err = ln.Accept()
	fmt.Println(err)
	l.SetDeadline(time.Now().Add(50 * time.Millisecond))
	_, err = ln.Accept()
	fmt.Println(err)
	l.SetDeadline(time.Time{})
	c, err := ln.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	c.(*net.TCPConn).SetWriteBuffer(4096)
	done := make(chan bool)
	go func() {
		_, err := c.Read(make([]byte, 8))
		done <- errors.Is(err, net.ErrClosed)
	}()
	time.Sleep(20 * time.Millisecond)
	go func() {
		_, err := c.Write(make([]byte, 16<<20))
		done <- errors.Is(err, net.ErrClosed)
	}()
	time.Sleep(100 * time.Millisecond)
	fmt.Println(c.Close())
	fmt.Println(<-done)
	fmt.Println(<-done)
	ln.Close()
}
