package main

import (
	"fmt"
	"net"
)

func main() {
	p, err := net.ListenPacket("udp", "127.0.0.1:20050")
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := net.Dial("udp", "127.0.0.1:20050")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.RemoteAddr())
	buf := make([]byte, 16)
	n, err := c.Write([]byte("question"))
	fmt.Println(n, err)
	n, from, err := p.ReadFrom(buf[:4])
	fmt.Println(string(buf[:n]), from.String() == c.LocalAddr().String(), err)
	n, err = p.WriteTo([]byte("answer"), from)
	fmt.Println(n, err)
	n, err = c.Read(buf)
	fmt.Println(string(buf[:n]), err)
	n, err = c.Write(nil)
	fmt.Println(n, err)
	n, _, err = p.ReadFrom(buf)
	fmt.Println(n, err)
	n, err = p.WriteTo(nil, from)
	fmt.Println(n, err)
	n, err = c.Read(buf)
	fmt.Println(n, err)
	_, err = c.(*net.UDPConn).WriteTo([]byte("x"), p.LocalAddr())
	fmt.Println(err != nil)
	p.Close()
	n, err = c.Write([]byte("anybody"))
	fmt.Println(n, err)
	n, err = c.Read(buf)
	fmt.Println(n, err != nil)
	c.Close()
	_, err = c.Write([]byte("late"))
	fmt.Println(err != nil)
	_, _, err = p.ReadFrom(buf)
	fmt.Println(err)
	fmt.Println(p.Close())
}
