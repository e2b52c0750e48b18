package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
)

func control(network, address string, c syscall.RawConn) error {
	fmt.Println("control", network, address)
	return c.Control(func(fd uintptr) {
		syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 65536)
	})
}

func main() {
	lc := net.ListenConfig{Control: control}
	ln, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:20045")
	if err != nil {
		fmt.Println(err)
		return
	}
	d := net.Dialer{Control: control, LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.2"), Port: 20046}}
	c, err := d.Dial("tcp", "127.0.0.1:20045")
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := ln.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.LocalAddr(), c.RemoteAddr(), s.LocalAddr(), s.RemoteAddr())
	_, err = d.Dial("tcp", "[::1]:20045")
	fmt.Println(err)
	_, err = d.Dial("udp", "127.0.0.1:20045")
	fmt.Println(err)
	d.Control = func(network, address string, c syscall.RawConn) error { return errors.New("not today") }
	d.LocalAddr = nil
	_, err = d.Dial("tcp4", "127.0.0.1:20045")
	fmt.Println(err)
	lc.Control = d.Control
	_, err = lc.Listen(context.Background(), "tcp4", "127.0.0.1:20047")
	fmt.Println(err)
	p, err := net.ListenPacket("udp", "127.0.0.1:20045")
	fmt.Println(p.LocalAddr(), err)
	_, err = lc.ListenPacket(context.Background(), "udp", "127.0.0.1:20047")
	fmt.Println(err)
	d.Control = func(network, address string, c syscall.RawConn) error { return syscall.EPERM }
	_, err = d.Dial("tcp4", "127.0.0.1:20045")
	fmt.Println(err, errors.Is(err, syscall.EPERM))
	c.Close()
	s.Close()
	ln.Close()
}
