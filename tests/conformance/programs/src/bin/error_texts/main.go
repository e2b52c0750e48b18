package main

import (
	"fmt"
	"net"
	"time"
)

func main() {
	ln, err := net.Listen("tcp4", "127.0.0.1:20070")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = net.Listen("tcp4", "127.0.0.1:20070")
	fmt.Println(err)
	_, err = net.Listen("tcp", "192.0.2.1:20070")
	fmt.Println(err)
	_, err = net.ListenPacket("tcp", "127.0.0.1:20070")
	fmt.Println(err)
	_, err = net.Listen("udp", "127.0.0.1:20070")
	fmt.Println(err)
	_, err = net.Dial("unix", "missing.sock")
	fmt.Println(err)
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.1"), Port: 20071}}
	conn, err := d.Dial("tcp4", "127.0.0.1:20070")
	if err != nil {
		fmt.Println(err)
		return
	}
	c := conn.(*net.TCPConn)
	s, err := ln.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.CloseWrite())
	_, err = c.Write([]byte("x"))
	fmt.Println(err)
	fmt.Println(c.CloseRead())
	n, err := c.Read(make([]byte, 4))
	fmt.Println(n, err)
	n, err = s.Read(nil)
	fmt.Println(n, err)
	n, err = s.Write(nil)
	fmt.Println(n, err)
	fmt.Println(c.SetDeadline(time.Now().Add(-time.Second)))
	_, err = c.Read(make([]byte, 4))
	fmt.Println(err)
	_, err = c.Write([]byte("x"))
	fmt.Println(err)
	fmt.Println(c.Close())
	fmt.Println(c.Close())
	_, err = c.Read(make([]byte, 4))
	fmt.Println(err)
	_, err = c.Write([]byte("x"))
	fmt.Println(err)
	fmt.Println(c.CloseWrite())
	fmt.Println(c.CloseRead())
	fmt.Println(c.SetNoDelay(true))
	fmt.Println(c.SetLinger(3))
	fmt.Println(c.SetReadBuffer(4096))
	fmt.Println(c.SetReadDeadline(time.Time{}))
	fmt.Println(c.LocalAddr(), c.RemoteAddr())
	s.Close()
	ln.Close()
	fmt.Println(ln.(*net.TCPListener).SetDeadline(time.Time{}))
	fmt.Println(ln.Addr())
	_, err = ln.Accept()
	fmt.Println(err)
}
