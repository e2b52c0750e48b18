package main

import (
	"fmt"
	"net"
	"time"
)

func main() {
	ln, err := net.Listen("unix", "deadline.sock")
	if err != nil {
		fmt.Println(err)
		return
	}
	ln.(*net.UnixListener).SetDeadline(time.Now().Add(50 * time.Millisecond))
	_, err = ln.Accept()
	fmt.Println(err)
	ln.(*net.UnixListener).SetDeadline(time.Time{})
	c, err := ln.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	u := c.(*net.UnixConn)
	buf := make([]byte, 16)
	u.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	_, err = u.Read(buf)
	fmt.Println(err)
	u.SetReadDeadline(time.Time{})
	fmt.Println(u.CloseWrite())
	n, err := u.Read(buf)
	fmt.Println(string(buf[:n]), err)
	n, err = u.Read(buf)
	fmt.Println(n, err)
	_, err = u.Write([]byte("x"))
	fmt.Println(err)
	fmt.Println(u.SetReadBuffer(8192), u.SetWriteBuffer(8192))
	u.Close()
	ln.Close()
}
