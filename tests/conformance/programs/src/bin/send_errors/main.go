package main

import (
	"fmt"
	"net"
	"strings"
)

func main() {
	ln, err := net.Listen("unix", "send.sock")
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := net.DialTimeout("unix", "send.sock", 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := ln.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	n, oobn, err := c.(*net.UnixConn).WriteMsgUnix([]byte("message"), nil, nil)
	fmt.Println(n, oobn, err)
	n, from, err := s.(*net.UnixConn).ReadFrom(make([]byte, 32))
	fmt.Println(n, from, err)
	s.Close()
	bufs := net.Buffers{[]byte("one"), nil, []byte("two")}
	m, err := bufs.WriteTo(c)
	fmt.Println(m, err)
	_, _, err = c.(*net.UnixConn).WriteMsgUnix([]byte("message"), nil, nil)
	fmt.Println(err)
	c.Close()
	bufs = net.Buffers{[]byte("one")}
	m, err = bufs.WriteTo(c)
	fmt.Println(m, err)
	_, _, err = c.(*net.UnixConn).WriteMsgUnix([]byte("message"), nil, nil)
	fmt.Println(err)
	g, err := net.ListenPacket("unixgram", "gram.sock")
	if err != nil {
		fmt.Println(err)
		return
	}
	long := &net.UnixAddr{Name: strings.Repeat("x", 200), Net: "unixgram"}
	_, err = g.WriteTo([]byte("lost"), long)
	fmt.Println(err)
	_, _, err = g.(*net.UnixConn).WriteMsgUnix([]byte("lost"), nil, long)
	fmt.Println(err)
	n, err = g.WriteTo([]byte("to itself"), g.LocalAddr())
	fmt.Println(n, err)
	n, from, err = g.ReadFrom(nil)
	fmt.Println(n, from, err)
	g.Close()
	u, err := net.Dial("udp4", "127.0.0.1:20143")
	if err != nil {
		fmt.Println(err)
		return
	}
	n, oobn, err = u.(*net.UDPConn).WriteMsgUDP([]byte("nobody"), nil, nil)
	fmt.Println(n, oobn, err)
	bufs = net.Buffers{[]byte("one"), []byte("two")}
	m, err = bufs.WriteTo(u)
	fmt.Println(m, err)
	u.Close()
	_, _, err = u.(*net.UDPConn).WriteMsgUDP([]byte("nobody"), nil, nil)
	fmt.Println(err)
	ln.Close()
}
