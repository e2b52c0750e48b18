package main

import (
	"fmt"
	"net"
	"time"
)

func main() {
	ln, err := net.Listen("tcp", "127.0.0.1:20040")
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := ln.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	buf := make([]byte, 16)
	fmt.Println(c.SetReadDeadline(time.Now().Add(-time.Second)))
	n, err := c.Read(buf)
	fmt.Println(n, err != nil)
	n, err = c.Read(buf)
	fmt.Println(n, err != nil)
	fmt.Println(c.SetReadDeadline(time.Time{}))
	n, err = c.Read(buf)
	fmt.Println(string(buf[:n]), err)
	c.SetDeadline(time.Now().Add(60 * time.Millisecond))
	n, err = c.Read(buf)
	fmt.Println(n, err != nil)
	n, err = c.Write([]byte("no"))
	fmt.Println(n, err != nil)
	c.SetDeadline(time.Time{})
	go func() {
		time.Sleep(50 * time.Millisecond)
		c.SetReadDeadline(time.Now())
	}()
	n, err = c.Read(buf)
	fmt.Println(n, err != nil)
	c.SetReadDeadline(time.Time{})
	n, err = c.Write([]byte("go"))
	fmt.Println(n, err)
	n, err = c.Read(buf)
	fmt.Println(n, err)
	c.Close()
	fmt.Println(c.SetDeadline(time.Time{}))
	ln.Close()
}
